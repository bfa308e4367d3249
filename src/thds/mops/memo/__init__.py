"""Blobs of one call: what is at its address, and putting something there. Knows nothing of who runs what, or why."""
