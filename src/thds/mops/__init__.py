"""Memoized, shared and remote pure functions. Import `pure` (and `k8s` ...) from here; the rest is internal.

Registers nothing and imports nothing: what is not used costs nothing.
"""

__version__ = "0.1.0"

__all__ = ["__version__"]
