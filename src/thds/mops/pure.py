"""What users import: `from thds.mops import pure`, then `@pure.magic()`. Re-exports only.

Names that few programs need are loaded when they are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thds.mops.config.context import require_all
from thds.mops.magic.decorated import Magic
from thds.mops.magic.decorator import magic
from thds.mops.magic.unmemoized import Unmemoized

if TYPE_CHECKING:
    from thds.mops.callkey.registry import register_encoder
    from thds.mops.futures import MemoFuture
    from thds.mops.memo.metadata import Metadata
    from thds.mops.observe.record import record

__all__ = [
    "Magic",
    "MemoFuture",
    "Metadata",
    "Unmemoized",
    "magic",
    "record",
    "register_encoder",
    "require_all",
]

_LATER = {
    "MemoFuture": "thds.mops.futures",
    "Metadata": "thds.mops.memo.metadata",
    "record": "thds.mops.observe.record",
    "register_encoder": "thds.mops.callkey.registry",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value = globals()[name] = getattr(import_module(_LATER[name]), name)
    return value
