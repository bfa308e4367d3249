"""The steps of `examples/digits.py`. Each is an ordinary function: decorated, it is computed once per its arguments."""

from thds.mops import pure

# A group of its own, so that all checkouts of this repository share what one of them has computed.
pure.magic.pipeline_id("examples/digits")
