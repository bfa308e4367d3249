"""Which rule won, and which ones it beat."""

from __future__ import annotations

from pathlib import Path

import pytest

from thds.mops.config.context import override
from thds.mops.config.explain import explain
from thds.mops.config.settings import KNOWN, set_value
from thds.mops.config.toml import load_config_file
from thds.mops.config.tree import Where


def test_every_candidate_is_listed_in_the_order_of_winning(tmp_path: Path) -> None:
    """Overrides from the inside, masks from the outside, values from the inside, the default."""
    file = tmp_path / ".mops.toml"
    file.write_text('[foo]\n__mask.mops.pure.magic.pipeline_id = "toml"\n')
    load_config_file(file)
    set_value("pipeline_id", "at foo", "foo", mask=False, where=Where("foo.py", 1))
    set_value("pipeline_id", "at f", "foo.f", mask=False, where=Where("foo.py", 2))
    set_value("pipeline_id", "mask at f", "foo.f", mask=True, where=Where("foo.py", 3))
    set_value("pipeline_id", "elsewhere", "quux", mask=True, where=Where("quux.py", 1))
    with override(pipeline_id="outer"), override(pipeline_id="inner", under="foo"), override(shim="off"):
        found = explain("foo.f")["pipeline_id"]
    assert [(one.rule, one.path, one.value) for one in (found.winner, *found.beaten)] == [
        ("override", "foo", "inner"),
        ("override", "", "outer"),
        ("mask", "foo", "toml"),
        ("mask", "foo.f", "mask at f"),
        ("value", "foo.f", "at f"),
        ("value", "foo", "at foo"),
        ("default", "", "magic"),
    ]
    assert found.winner.where.file == __file__
    assert found.beaten[1].where == Where(str(file), 2, "foo.__mask.mops.pure.magic.pipeline_id")


def test_it_reads_well() -> None:
    """One line for the winner, one for each of the beaten."""
    set_value("shim", "subprocess", "foo", mask=False, where=Where("foo.py", 1))
    set_value("shim", "off", "", mask=True, where=Where("app.py", 2))
    assert str(explain("foo.f")["shim"]).splitlines() == [
        "shim = 'off' (mask, app.py:2)",
        "    instead of 'subprocess' (value for foo, foo.py:1)",
        "    instead of 'samethread' (default)",
    ]


def test_every_known_setting_is_explained_and_nothing_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A callable root is shown by its name."""
    monkeypatch.setenv("MOPS_LEASE_PERIOD_S", "5")

    def vault() -> str:
        raise AssertionError("asked")

    set_value("blob_root", vault, "", mask=False, where=Where("app.py", 2))
    found = explain("foo.f")
    assert list(found) == list(KNOWN)
    assert "vault" in str(found["blob_root"])
    assert (
        str(found["lease_period_s"])
        == "lease_period_s = 5.0 (default, environment variable MOPS_LEASE_PERIOD_S)"
    )
