"""On which line each key of a TOML document stands, which tomllib does not tell. Only for messages.

Made for documents that tomllib has accepted: it finds keys and skips values, and checks nothing.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

Key: TypeAlias = tuple[str, ...]

_BLANK: Final = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BARE_KEY: Final = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE: Final = re.compile(r"[^,\]}\r\n#]*")
_DOT: Final = re.compile(r"[ \t]*\.[ \t]*")
_STRINGS: Final = (
    re.compile(r'"""(?:\\.|[^\\])*?"{3,5}(?!")', re.DOTALL),
    re.compile(r"'''.*?'{3,5}(?!')", re.DOTALL),
    re.compile(r'"(?:\\.|[^"\\\n])*"'),
    re.compile(r"'[^'\n]*'"),
)


def key_lines(text: str) -> dict[Key, int]:
    """The line (from 1) of each key and table header; of a key that is met more often, the first."""
    scanner = _Scanner(text)
    try:
        scanner.document()
    except (IndexError, ValueError, RecursionError):
        pass  # a document that this scanner misreads still has the lines found so far; better than no message
    return scanner.lines


class _Scanner:
    __slots__ = ("_at", "_counted", "_line", "_text", "lines")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._counted = 0  # `_line` is the line of this character
        self._line = 1
        self.lines: dict[Key, int] = {}

    def document(self) -> None:
        table: Key = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            if self._text[self._at] == "[":
                self._at += 2 if self._text.startswith("[[", self._at) else 1
                table = self._key(())
                self._at = self._text.index("]", self._at)
                self._at += 2 if self._text.startswith("]]", self._at) else 1
            else:
                self._assignment(table)
            self._skip(_BLANK)

    def _assignment(self, table: Key) -> None:
        key = self._key(table)
        self._at = self._text.index("=", self._at) + 1
        self._value(key)

    def _key(self, table: Key) -> Key:
        """The key that stands here, under `table`, noted with its line."""
        self._skip(_BLANK)
        self._line += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        key = table
        while True:
            key = (*key, self._part())
            self.lines.setdefault(key, self._line)
            if not self._skip(_DOT):
                return key

    def _part(self) -> str:
        if self._text[self._at] in "\"'":
            return _unquoted(self._string())
        return self._skip(_BARE_KEY) or self._misread()

    def _value(self, key: Key) -> None:
        self._skip(_BLANK)
        opening = self._text[self._at]
        if opening in "\"'":
            self._string()
        elif opening in "[{":
            self._items(key, closing="]" if opening == "[" else "}")
        else:
            self._skip(_BARE_VALUE)

    def _items(self, key: Key, closing: str) -> None:
        """An array (its elements count as the array's own) or an inline table."""
        self._at += 1
        while True:
            self._skip(_BLANK)
            if self._text[self._at] == closing:
                self._at += 1
                return
            if self._text[self._at] == ",":
                self._at += 1
            elif closing == "]":
                self._value(key)
            else:
                self._assignment(key)

    def _string(self) -> str:
        for form in _STRINGS:
            found = self._skip(form)
            if found:
                return found
        return self._misread()

    def _skip(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match.group()

    def _misread(self) -> str:
        raise ValueError(f"not TOML at character {self._at}")


def _unquoted(quoted: str) -> str:
    import tomllib

    value = tomllib.loads(f"key = {quoted}")["key"]
    return value if isinstance(value, str) else quoted
