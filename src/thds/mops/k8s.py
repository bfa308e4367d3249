"""Running on Kubernetes: what users import. `from thds.mops import k8s` needs no extra."""

from thds.mops.shims.kubernetes import shim

__all__ = ["shim"]
