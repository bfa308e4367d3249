"""The line of each key, in every form that TOML has."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from thds.mops.config.toml_lines import key_lines

MIXED = """\
# [comment] = "not a key"
top = 1
"quoted key" . b = 'x = 1'
[ foo . "bar.baz" ]   # tail
a.b.c = "=[{#"
text = \"\"\"
inner = 1
[not.a.table]
\\\"\"\" still \"\"\"\"
raw = '''
also = "not a key" ''''
list = [
    1, # one = 1
    { deep.key = 2, other = [3,
      4] },
]
after = { x = 1, "y z" = {u.v = 2} }
"\\u00e4" = 2020-01-01 10:00:00
[[foo.many]]
k = 1
[[foo.many]]
k = 2
'last' = true"""


def test_mixed_forms() -> None:
    """Strings, arrays and inline tables hide what looks like keys; a repeated key has its first line."""
    tomllib.loads(MIXED)
    lines = key_lines(MIXED)
    table = ("foo", "bar.baz")
    assert lines == {
        ("top",): 2,
        ("quoted key",): 3,
        ("quoted key", "b"): 3,
        ("foo",): 4,
        table: 4,
        (*table, "a"): 5,
        (*table, "a", "b"): 5,
        (*table, "a", "b", "c"): 5,
        (*table, "text"): 6,
        (*table, "raw"): 10,
        (*table, "list"): 12,
        (*table, "list", "deep"): 14,
        (*table, "list", "deep", "key"): 14,
        (*table, "list", "other"): 14,
        (*table, "after"): 17,
        (*table, "after", "x"): 17,
        (*table, "after", "y z"): 17,
        (*table, "after", "y z", "u"): 17,
        (*table, "after", "y z", "u", "v"): 17,
        (*table, "ä"): 18,
        ("foo", "many"): 19,
        ("foo", "many", "k"): 20,
        ("foo", "many", "last"): 23,
    }


@pytest.mark.parametrize(
    "text", ["", "\n\n", "# only", "[", "a", 'a = "', "[a\nb = 1", "= 1", "a = [", "a = {b", "\x00"]
)
def test_what_is_no_toml_is_survived(text: str) -> None:
    """A message without a line is better than none."""
    assert set(key_lines(text)) <= {("a",), ("a", "b")}


values = st.sampled_from(
    [
        "1",
        "-1.5e3",
        "true",
        "1979-05-27T07:32:00Z",
        '"a # b = c"',
        '"\\\\"',
        '"\\""',
        "'\\'",
        '""',
        "''",
        '"""\n\n[x]\ny = 1\n"""',
        '"""a\\"""b"""',
        '"""""x"""',
        "'''\n''a'\n'''",
        "[]",
        "[1, # no\n\n [2], ]",
        "{}",
        "[ 'a]', {q = ']'} ]",
    ]
)
gaps = st.sampled_from(["", "\n", "# x = 1\n", "  \n\t\n", "\r\n"])


def spelled(part: str, form: int) -> str:
    return (part, json.dumps(part), f"'{part}'")[form]


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_generated_documents(data: st.DataObject) -> None:
    """Tables, dotted and quoted keys and values of all kinds in any order: each key on the line it was written on."""
    text, table, expected = "", (), {}
    for number in range(data.draw(st.integers(0, 8))):
        text += data.draw(gaps)
        forms = data.draw(st.lists(st.integers(0, 2), min_size=1, max_size=3))
        parts = tuple(f"k{number}_{place}" for place in range(len(forms)))
        dot = data.draw(st.sampled_from([".", " . "]))
        key = dot.join(spelled(part, form) for part, form in zip(parts, forms, strict=True))
        line = text.count("\n") + 1
        if data.draw(st.booleans()):
            table = parts
            text += f"[{key}]\n"
        else:
            text += f"{key} = {data.draw(values)}\n"
        expected[parts if table == parts else (*table, *parts)] = line
    document: dict[str, Any] = tomllib.loads(text)
    assert bool(document) == bool(expected)
    found = key_lines(text)
    assert {key: found.get(key) for key in expected} == expected
