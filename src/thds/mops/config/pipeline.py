"""Pipeline ids: `/`-separated names. Any text that a person would write is allowed; the key layout makes it safe."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from thds.mops.config.names import has_controls
from thds.mops.errors import SettingsError

if TYPE_CHECKING:
    from thds.mops.config.tree import Where

LONGEST_SEGMENT: Final = 200
LONGEST: Final = 600


def parse_pipeline_id(value: object, where: Where) -> str:
    complaint = _complaint(value) if isinstance(value, str) else "is not a string"
    if complaint or not isinstance(value, str):
        shown = repr(value) if len(repr(value)) <= 80 else f"{repr(value)[:77]}..."
        raise SettingsError(
            f"{where}: the pipeline id {shown} {complaint}",
            hint="a pipeline id is a name, or names separated by single slashes: 'app/bar'",
            setting="pipeline_id",
            where=where,
        )
    return value


def _complaint(value: str) -> str:
    if not value:
        return "is empty"
    if has_controls(value):
        return "contains control characters"
    if value.startswith("/") or value.endswith("/"):
        return "begins or ends with a slash"
    if len(value) > LONGEST:
        return f"has {len(value)} characters, more than {LONGEST}"
    for segment in value.split("/"):
        if not segment.strip():
            return "has an empty name between two slashes" if "/" in value else "is blank"
        if segment in (".", ".."):
            return f"contains the segment {segment!r}"
        if len(segment) > LONGEST_SEGMENT:
            return f"has a segment of {len(segment)} characters, more than {LONGEST_SEGMENT}"
    return ""
