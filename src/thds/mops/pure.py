"""What users import: `from thds.mops import pure`, then `@pure.magic()`. Re-exports only."""

from thds.mops.callkey.registry import register_encoder
from thds.mops.config.context import require_all
from thds.mops.futures import MemoFuture
from thds.mops.magic.decorated import Magic
from thds.mops.magic.decorator import magic
from thds.mops.magic.unmemoized import Unmemoized
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
