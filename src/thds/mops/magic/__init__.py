"""The decorator and the decorated function. What a call does in which order does not belong here: orchestrate."""
