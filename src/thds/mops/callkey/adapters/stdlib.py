"""The standard library's values, by what they mean; so they keep their keys when its private modules move."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from thds.mops.callkey.content import stand_in
from thds.mops.callkey.node import Node, Refused, head

if TYPE_CHECKING:
    import array as arrays
    import datetime as dt
    import re
    from collections import defaultdict as default_dict
    from collections import deque as double_ended
    from decimal import Decimal
    from fractions import Fraction
    from functools import partial as partial_function
    from types import SimpleNamespace
    from uuid import UUID
    from zoneinfo import ZoneInfo


def date(value: dt.date) -> Node:
    return Node(head("date"), (value.year, value.month, value.day))


def time(value: dt.time) -> Node:
    parts = (value.hour, value.minute, value.second, value.microsecond, value.fold)
    return Node(head("time"), (parts, {"tzinfo": value.tzinfo}))


def datetime(value: dt.datetime) -> Node:
    day = (value.year, value.month, value.day)
    parts = (value.hour, value.minute, value.second, value.microsecond, value.fold)
    return Node(head("datetime"), (day, parts, {"tzinfo": value.tzinfo}))


def timedelta(value: dt.timedelta) -> Node:
    return Node(head("timedelta"), (value.days, value.seconds, value.microseconds))


def timezone(value: dt.timezone) -> Node:
    return Node(head("timezone"), value.__getinitargs__())  # type: ignore[attr-defined]


def zone_info(value: ZoneInfo) -> Node:
    if value.key is None:
        raise Refused("a ZoneInfo made from a file has no name")
    return Node(head("ZoneInfo"), value.key)


def decimal(value: Decimal) -> Node:
    if value.is_qnan():
        return Node(head("Decimal"), "nan")
    sign, digits, exponent = value.as_tuple()
    return Node(head("Decimal"), (sign, "".join(map(str, digits)), exponent))


def fraction(value: Fraction) -> Node:
    return Node(head("Fraction"), (value.numerator, value.denominator))


def uuid(value: UUID) -> Node:
    return Node(head("UUID"), value.int)


def pattern(value: re.Pattern[Any]) -> Node:
    return Node(head("Pattern"), (value.pattern, value.flags))


def array(value: arrays.array[Any]) -> Node:
    if value.typecode in "uw":
        return Node(head("array"), (value.typecode, value.tounicode()))
    return Node(head("array"), (value.typecode, value.itemsize, sys.byteorder, stand_in(value)))


def memory_file(value: Any) -> Node:
    """`io.BytesIO` and `io.StringIO`: content and position, and StringIO's translation of line ends."""
    if vars(value):
        raise Refused(f"a {type(value).__name__} with attributes of its own")
    newlines = value.__getstate__()[1] if hasattr(value, "newlines") else None
    return Node(head(type(value).__name__), (value.getvalue(), value.tell(), newlines))


def namespace(value: SimpleNamespace) -> Node:
    members = vars(value)
    return Node(head("SimpleNamespace"), {name: members[name] for name in sorted(members)})


def mapping(value: Any) -> Node:
    """`OrderedDict` and `Counter`, in their order."""
    if vars(value):
        raise Refused(f"a {type(value).__name__} with attributes of its own", "make it a subclass")
    return Node(head(type(value).__name__), dict(value), plain=True)


def defaultdict(value: default_dict[Any, Any]) -> Node:
    return Node(head("defaultdict"), {"default_factory": value.default_factory, "items": dict(value)})


def deque(value: double_ended[Any]) -> Node:
    return Node(head("deque"), [*value, value.maxlen], plain=True)


def partial(value: partial_function[Any]) -> Node:
    keywords = {name: value.keywords[name] for name in sorted(value.keywords)}
    parts = {"func": value.func, "args": value.args, "keywords": keywords, "__dict__": vars(value) or None}
    return Node(head("partial"), parts)


def lru_cache(value: Any) -> Node:
    """What it remembers follows from the function."""
    return Node(head("lru_cache"), {"__wrapped__": value.__wrapped__})
