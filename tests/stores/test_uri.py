"""Taking blob roots' URIs apart."""

from __future__ import annotations

from pathlib import Path

import pytest

from thds.mops.errors import SettingsError
from thds.mops.stores.uri import expand


@pytest.mark.parametrize(
    ("uri", "expanded"),
    [
        ("file:///data/mops", ("file", "file:///data/mops")),
        ("FILE:///data/mops/", ("file", "file:///data/mops")),
        ("file:////data//mops/./x", ("file", "file:///data/mops/x")),
        ("file:///with space/100%25/Übung", ("file", "file:///with space/100%25/Übung")),
        ("memory://name", ("memory", "memory://name")),
        ("memory://name/", ("memory", "memory://name")),
        ("adls://account/container/a/path/", ("adls", "adls://account/container/a/path")),
        ("my+own-1.x://somewhere", ("my+own-1.x", "my+own-1.x://somewhere")),
    ],
)
def test_one_form_for_each_root(uri: str, expanded: tuple[str, str]) -> None:
    """Scheme in lower case, no trailing or doubled slash; percent signs are just characters."""
    assert expand(uri) == expanded


def test_the_home_directory_is_expanded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """By HOME as it is now."""
    monkeypatch.setenv("HOME", str(tmp_path))
    assert expand("file://~/.mops") == ("file", f"file://{tmp_path}/.mops")
    assert expand("file://~") == ("file", f"file://{tmp_path}")


@pytest.mark.parametrize(
    "uri",
    [
        *("", "x", "/data/mops", "file:/data", "file:", "://x", "1a://x", "a b://x"),
        *(
            "file://",
            "file:///",
            "file:////",
            "file://relative/path",
            "file://./x",
            "file://~nobody-of-that-name/x",
        ),
        *(
            "file:///a/../b",
            "adls://a/../b",
            "file:///a\n",
            "adls://a\x00b",
            "memory://",
            "memory:///",
            "s3:///",
        ),
        *(None, 3, Path("/data"), b"file:///data"),
    ],
)
def test_malformed_ones_are_refused(uri: object) -> None:
    """With the URI and how one should look."""
    with pytest.raises(SettingsError) as caught:
        expand(uri)  # type: ignore[arg-type]
    assert repr(uri) in caught.value.what
    assert "file:///data/mops" in caught.value.hint
