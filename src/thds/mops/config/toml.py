"""`.mops.toml`: the settings of a file, applied as if they were the equivalent calls of the setters.

A file is checked whole before any of it is applied. Every complaint names the file, the line, the key, and the name
that was probably meant.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Final, NamedTuple, NoReturn

from thds.mops.config.names import advice, is_name, nearest
from thds.mops.config.settings import ALIASES, KNOWN, parse, write_all
from thds.mops.config.targets import checked_path
from thds.mops.config.tree import Entry, Where
from thds.mops.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


FILE_NAME: Final = ".mops.toml"
_MAGIC: Final = ("mops", "pure", "magic")
_MASK: Final = "__mask"
_KEYS: Final = frozenset({*KNOWN, *ALIASES, "off"})


def load_config_file(path: str | os.PathLike[str] | None = None) -> Path | None:
    """Apply a file's settings; the file that was applied.

    Without a path: the first `.mops.toml` upward from the working directory and only that one; where there is none,
    nothing happens and the answer is None. A path is a file, or a directory that has a `.mops.toml` in it.
    Raises SettingsError, and then nothing has been applied.
    """
    import logging

    log = logging.getLogger(__name__)
    file = _nearest_file() if path is None else _named_file(path)
    if file is None:
        log.info("no %s in the working directory or above it: nothing to load", FILE_NAME)
        return None
    entries = read_entries(file)
    write_all(entries)
    log.info("%d settings from %s", len(entries), file)
    return file


def _nearest_file() -> Path | None:
    from pathlib import Path

    try:
        here = Path.cwd()
    except OSError as error:
        raise SettingsError(
            f"no {FILE_NAME} can be looked for: there is no working directory ({error})",
            hint="change to a directory that exists, or give load_config_file a path",
        ) from error
    # Also what cannot be read: passing over it would silently load another one further up.
    return next(
        (place / FILE_NAME for place in (here, *here.parents) if os.path.lexists(place / FILE_NAME)), None
    )


def _named_file(path: object) -> Path:
    if not isinstance(path, str | os.PathLike) or not (text := os.fspath(path)) or not isinstance(text, str):
        raise SettingsError(f"load_config_file takes the path of a file or directory, not {path!r}")
    from pathlib import Path

    file = Path(os.path.abspath(os.path.expanduser(text)))
    if os.path.isdir(file):
        file = file / FILE_NAME
    if not os.path.lexists(file):
        raise SettingsError(
            f"{file}: there is no such file",
            hint=f"give a file, a directory with a {FILE_NAME} in it, or nothing: the nearest one upward is taken",
            where=Where(str(file)),
        )
    return file


def read_entries(file: Path) -> list[tuple[str, Entry]]:
    """The checked (setting, entry) pairs of a file, in its order. Applies nothing."""
    from thds.mops.config.toml_lines import key_lines  # with tomllib, only where there is a file

    text = _text_of(file)
    document = _parsed(text, file)
    lines = key_lines(text)
    taken: dict[tuple[str, bool, str], Where] = {}
    entries = []
    for key, value in _leaves(document, ()):
        leaf = _Leaf(Where(str(file), _line_of(key, lines), ".".join(key)), _flat(key), value)
        setting, entry = leaf.entry()
        place = (setting, entry.mask, entry.path)
        if place in taken:
            leaf.refuse(f"says again what line {taken[place].line} says", hint="keep one of the two")
        taken[place] = leaf.where
        entries.append((setting, entry))
    return entries


def _text_of(file: Path) -> str:
    try:
        if not file.is_file():  # a pipe would be waited for, for ever
            raise OSError(None, "it is not a regular file")
        raw = file.read_bytes()
    except OSError as error:
        raise SettingsError(
            f"{file}: cannot be read: {error.strerror or error}", where=Where(str(file))
        ) from error
    try:
        return raw.decode("utf-8-sig").replace("\r\n", "\n")
    except UnicodeDecodeError as error:
        where = Where(str(file), raw.count(b"\n", 0, error.start) + 1)
        raise SettingsError(
            f"{where}: is not UTF-8 text", hint="save the file as UTF-8", where=where
        ) from error


def _parsed(text: str, file: Path) -> dict[str, Any]:
    import re
    import tomllib

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # TOMLDecodeError, and numbers of thousands of digits
        named = re.search(r"at line (\d+)", str(error))
        where = Where(str(file), int(named[1]) if named else max(1, len(text.splitlines())))
        raise SettingsError(
            f"{where}: is not valid TOML: {error}",
            hint="strings need quotes, a key may stand once",
            where=where,
        ) from error


def _leaves(table: dict[str, Any], above: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, value in table.items():
        key = (*above, name)
        # An empty table says nothing, unless it stands where a setting's value should.
        if isinstance(value, dict) and (value or _flat(above)[-3:] != list(_MAGIC)):
            yield from _leaves(value, key)
        else:
            yield key, value


def _flat(key: tuple[str, ...]) -> list[str]:
    """The names in a key: a quoted part may be several, joined with dots."""
    return [_Quoted(name) if "." in part else name for part in key for name in part.split(".")]


class _Quoted(str):
    """A name from a quoted path: taken as it stands, also where it looks like a misspelling."""

    __slots__ = ()


def _line_of(key: tuple[str, ...], lines: dict[tuple[str, ...], int]) -> int:
    while key and key not in lines:
        key = key[:-1]
    return lines.get(key, 0)


class _Leaf(NamedTuple):
    """One value of the file: where it stands, the names of its key, and what it is."""

    where: Where
    names: list[str]
    value: Any

    def entry(self) -> tuple[str, Entry]:
        *head, key = self.names
        if tuple(head[-3:]) != _MAGIC:
            self.refuse("is not a setting", hint=_intended(self.names))
        head = head[:-3]
        if key not in _KEYS:
            self.refuse(f"there is no setting {key!r} under {'.'.join(_MAGIC)}", hint=advice(key, _KEYS))
        mask = head[-1:] == [_MASK]
        path = self._path(head[:-1] if mask else head)
        setting, value = self._checked(key)
        return setting, Entry(path, value, self.where, mask)

    def _path(self, names: list[str]) -> str:
        for name in names:
            if name == _MASK:
                self.refuse(f"{_MASK} stands in the wrong place", hint=f"directly before {'.'.join(_MAGIC)}")
            if not is_name(name):
                self.refuse(
                    f"{name!r} cannot be a part of a dotted path", hint="packages, modules and functions only"
                )
            if not isinstance(name, _Quoted) and name.startswith("_") and nearest(name, [_MASK], cutoff=0.75):
                self.refuse(
                    f"{name!r} is not {_MASK}",
                    hint=f"did you mean {_MASK!r}? If something is really called that, quote its whole path",
                )
        return checked_path(".".join(names))

    def _checked(self, key: str) -> tuple[str, Any]:
        if key == "off":
            if self.value is not True:
                self.refuse(
                    f"off can only be true, not {self.value!r}",
                    hint="to turn mops on, leave `off` out and set `shim` to where the function should run",
                )
            return parse("shim", "off", self.where)
        allowed = KNOWN[ALIASES.get(key, key)].toml
        if isinstance(self.value, bool) or not isinstance(self.value, allowed):
            kind, example = ("a string", '"..."') if allowed == (str,) else ("a number", "30.0")
            self.refuse(f"must be {kind}, not {self.value!r}", hint=f"such as {key} = {example}")
        return parse(key, self.value, self.where)

    def refuse(self, what: str, hint: str) -> NoReturn:
        raise SettingsError(f"{self.where}: {what}", hint=hint, where=self.where)


def _intended(names: list[str]) -> str:
    """What somebody may have meant who wrote this key, which is no setting's."""
    near = nearest(names[-1], _KEYS)
    if not near:
        return f"settings stand under {'.'.join(_MAGIC)}; {advice(names[-1], _KEYS)}"
    return f"did you mean {'.'.join([*_without_magic(names[:-1]), *_MAGIC, near])!r}?"


def _without_magic(names: list[str]) -> list[str]:
    """`names` without what looks like `mops.pure.magic`, or a part of it, at their end."""
    for form in (_MAGIC, _MAGIC[1:], (_MAGIC[0], _MAGIC[2]), _MAGIC[2:]):
        end = names[-len(form) :]
        if len(end) == len(form) and all(
            nearest(name, [meant]) for name, meant in zip(end, form, strict=True)
        ):
            return names[: -len(form)]
    return names
