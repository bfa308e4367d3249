"""Values to pickles and back. What a call's key is does not belong here: keys never come from pickles."""
