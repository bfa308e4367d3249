"""Blob roots as set by users: a URI, a local path, or a callable returning either; made into a URI at the first need.

Setting one contacts nothing and creates nothing. Whether anybody knows the scheme, the stores say at the first need.
"""

from __future__ import annotations

import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from thds.mops.config.names import has_controls
from thds.mops.config.shim import callable_name
from thds.mops.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from thds.mops.config.tree import Where

_LOCAL = ("/", "~", "./", "../")
_PUNCTUATION = dict.fromkeys(map(ord, "+-."))  # what a scheme may have beside letters and digits
_FORMS = (
    "a blob root is a URI ('adls://account/container', 'file://~/data'), a path that begins with /, ~, ./ or ../, "
    "a pathlib.Path, or a callable returning one of these"
)


class RootSetting:
    """One blob root. The same object gives the same URI for the rest of the process, once it has given one."""

    __slots__ = ("_lock", "_resolving", "_source", "_uri", "where")

    def __init__(self, source: str | Callable[[], Any] | SettingsError, where: Where) -> None:
        self._source = source
        self.where = where
        self._uri: str | None = None
        self._resolving = False
        self._lock = threading.RLock()

    def uri(self) -> str:
        """The text for the stores: `file:///absolute/path` without `~`, or the URI as it was given.

        The first need asks a callable (once, also among threads) and makes relative paths absolute. A callable that
        fails is a SettingsError that names where it was set and has the failure as its cause; it is asked again later.
        """
        return self._uri or self._resolve()

    def _resolve(self) -> str:
        with self._lock:
            if self._uri is not None:
                return self._uri
            if self._resolving:
                raise self._wrong("needs a blob root itself while it is being asked for one")
            self._resolving = True
            try:
                self._uri = self._absolute(self._text())
            finally:
                self._resolving = False
            return self._uri

    def _text(self) -> str:
        if isinstance(self._source, str):
            return self._source
        if isinstance(self._source, SettingsError):
            rebuild, parts = self._source.__reduce__()
            raise rebuild(*parts)  # a fresh one each time: a raised error collects tracebacks
        try:
            answer = self._source()
        except Exception as error:  # whatever the user's code raises, it is about this setting
            raise self._wrong(f"raised {type(error).__name__}: {error}") from error
        return _checked(answer, self.where, f"{self._subject()} returned {answer!r}: ")

    def _absolute(self, text: str) -> str:
        scheme, found, rest = ("", "", "") if text.startswith(_LOCAL) else text.partition("://")
        if found and scheme.lower() != "file":
            return text
        path = os.path.expanduser(rest if found else text)
        if path.startswith("~"):
            raise self._wrong(f"names a home directory that does not exist: {text!r}")
        try:
            return (
                f"file:///{os.path.abspath(path).lstrip('/')}"  # abspath would keep a double slash in front
            )
        except OSError as error:  # the working directory is gone
            raise self._wrong(f"is relative, and there is no working directory: {error}") from error

    def _subject(self) -> str:
        return "blob root" if isinstance(self._source, str | SettingsError) else callable_name(self._source)

    def _wrong(self, what: str) -> SettingsError:
        return SettingsError(
            f"{self.where}: {self._subject()} {what}",
            hint="the blob root set there cannot be used",
            setting="blob_root",
            where=self.where,
        )

    def portable(self) -> RootSetting:
        """One that says the same in another process: resolved now, or else failing there as it fails here."""
        try:
            self.uri()
        except SettingsError as error:
            return RootSetting(error, self.where)
        return self  # its pickle holds the URI

    def __str__(self) -> str:
        """What was set, resolving nothing."""
        if self._uri is not None:
            return repr(self._uri)
        return callable_name(self._source) if callable(self._source) else repr(self._source)

    def __repr__(self) -> str:
        return f"RootSetting({self})"

    def __reduce__(self) -> tuple[Any, ...]:
        return RootSetting, (self._uri or self._source, self.where)


def parse_root(value: object, where: Where) -> RootSetting:
    """Raises SettingsError for what cannot be a blob root, as far as that can be seen without asking anybody."""
    if isinstance(value, RootSetting):
        return value
    if callable(value):
        _check_callable(value, where)
        return RootSetting(value, where)
    return RootSetting(_checked(value, where, ""), where)


def _check_callable(function: Callable[..., Any], where: Where) -> None:
    import inspect

    try:
        inspect.signature(function).bind()
    except ValueError:  # it does not tell; the first need will
        return
    except TypeError as error:
        name = callable_name(function)
        raise _malformed(where, f"{name} cannot be called without arguments ({error})") from None


def _checked(value: object, where: Where, before: str) -> str:
    # Whoever has a path has imported pathlib; nobody else pays for it.
    pathlib = sys.modules.get("pathlib")
    if pathlib is not None and isinstance(value, pathlib.PurePath):
        text = str(value)
        complaint = _path_complaint(text)
        # The dot keeps "~" and "a" of a Path what they are, a home and a relative path, in the language of strings.
        text = text if "://" in text or text.startswith(("/", "~")) else f"./{text}"
    elif isinstance(value, str):
        text, complaint = value, _text_complaint(value)
    else:
        raise _malformed(where, f"{before}{value!r} is not a blob root")
    if complaint:
        raise _malformed(where, f"{before}{value!r} {complaint}")
    return text


def _path_complaint(text: str) -> str:
    # Bytes in a file name that are no text (they show as lone surrogates) are fine.
    if has_controls(text.encode("utf-8", "ignore").decode()):
        return "contains control characters"
    scheme, colon, _ = text.partition(":/")
    if colon and "://" not in text and _is_scheme(scheme):
        return "is a URI that went through pathlib; give it as a string"
    return ""


def _text_complaint(text: str) -> str:
    if not text:
        return "is empty"
    if has_controls(text):
        return "contains control characters"
    if text != text.strip():
        return "begins or ends with white space"
    if "://" in text and not text.startswith(_LOCAL):
        return _uri_complaint(*text.split("://", 1))
    return "" if text.startswith(_LOCAL) or text in (".", "..") else "is neither a URI nor clearly a path"


def _is_scheme(text: str) -> bool:
    return text.isascii() and text[:1].isalpha() and text.translate(_PUNCTUATION).isalnum()


def _uri_complaint(scheme: str, rest: str) -> str:
    if not _is_scheme(scheme):
        return f"has no proper scheme before the ://, but {scheme!r}"
    if scheme.lower() == "file":
        return "" if rest.startswith(("/", "~")) else "has no absolute path after the ://"
    if any(character.isspace() for character in rest):
        return "contains white space"
    return "" if rest.strip("/") else "names nothing after the ://"


def _malformed(where: Where, what: str) -> SettingsError:
    return SettingsError(f"{where}: {what}", hint=_FORMS, setting="blob_root", where=where)
