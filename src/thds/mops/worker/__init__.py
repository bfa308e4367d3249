"""The far side of a call: read the invocation, hold the claim, run, commit. Knows nothing of what started it."""
