"""Taking `scheme://rest` apart. Called by the registry. Contacts nothing, creates nothing.

The text is taken literally: no percent-decoding, so `f"file://{path}"` is right for nearly every path.
"""

from __future__ import annotations

import os
import re

from thds.mops.errors import SettingsError

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_FORMS = "a blob root looks like file:///data/mops, file://~/.mops, memory://name or scheme://container/path"


def expand(uri: str) -> tuple[str, str]:
    """The scheme (lower case) and the whole URI in the one form that names its root: `~` expanded, no trailing slash.

    SettingsError where it is malformed.
    """
    if not isinstance(uri, str):
        raise _malformed(uri, f"it is {type(uri).__name__}, not str")
    scheme, found, rest = uri.partition("://")
    if not found or not _SCHEME.fullmatch(scheme):
        raise _malformed(uri, "it does not begin with scheme://")
    if _CONTROL.search(uri):
        raise _malformed(uri, "it has control characters")
    if ".." in rest.split("/"):
        raise _malformed(uri, "it has a segment '..'")
    scheme = scheme.lower()
    return scheme, f"{scheme}://{_local(uri, rest) if scheme == 'file' else _name(uri, rest)}"


def _local(uri: str, rest: str) -> str:
    path = os.path.expanduser(rest)
    if path.startswith("~"):
        raise _malformed(uri, "there is no such home directory")
    if not path.startswith("/"):
        raise _malformed(uri, "its path is not absolute: three slashes, file:///data/mops")
    path = "/" + os.path.normpath(path).lstrip("/")  # normpath keeps a double slash in front
    if path == "/":
        raise _malformed(uri, "it is the root of the file system")
    return path


def _name(uri: str, rest: str) -> str:
    rest = rest.rstrip("/")
    if not rest:
        raise _malformed(uri, "nothing is named after scheme://")
    return rest


def _malformed(uri: object, reason: str) -> SettingsError:
    return SettingsError(f"malformed blob root {uri!r}: {reason}", hint=_FORMS, uri=uri)
