"""The probes of the peers' comparison: each in two processes with different hash seeds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

#: Defines `equal` and `apart`: names to values, made anew in each process.
VALUES = """
import copy, enum, json, random, sys
from dataclasses import dataclass, field
from typing import Any
import attrs, numpy as np, pandas as pd, pydantic

sys.path.insert(0, {sources!r})
from thds.mops.callkey.canonical import digest
from thds.mops.callkey.function import identify
from thds.mops.callkey.key import KeyMaker

first = {first}                     # each process does everything in its own order
WORDS = ["alpha", "beta", "gamma", "delta"] + [f"word {{n}}" for n in range(40)]
words = WORDS if first else WORDS[::-1]


class Plain:
    pass

def plain(**attributes):
    made = Plain()
    for name in (attributes if first else reversed(attributes)):
        setattr(made, name, attributes[name])
    return made

@dataclass
class Config:
    name: str
    tags: set = field(default_factory=set)
    inner: Any = None

@attrs.define(cache_hash=True, frozen=True)
class Hashed:
    name: str

class Model(pydantic.BaseModel):
    name: str
    count: int = 1
    tags: set[str] = set()

class Color(enum.Enum):
    RED = "red"

class Words(set):
    pass

def f(x, y=2, *, z=3):
    return x

def key(*args, **kwargs):
    return KeyMaker(f, identify(f)).key(args, kwargs, "magic", False).digest

text = "shared " + str(first is None)
one_set, other_set = set(words), set(reversed(words))
records_from_json = [json.loads(line) for line in ('{{"id": 1, "tags": ["a", "b"], "score": 0.5, "none": null}}',) * 3]
record = {{"id": 1, "tags": ["a", "b"], "score": 0.5, "none": None}}
hashed = Hashed("a")
if first:
    hash(hashed)
words_in_closure = set(words)

values = {{
    "set": set(words), "frozenset": frozenset(words), "nested": {{"a": [set(words), (frozenset(words),)]}},
    "set of sets": {{frozenset(words[:3] if first else words[-3:]), frozenset()}},
    "[s, s]": [one_set, one_set] if first else [one_set, other_set],
    "tuples": [(text, text)] * 2 if first else [(text, "shared " + "False"), (text + "", "".join(list(text)))],
    "dataclasses": [Config(text, one_set, Config(text))] * 2 if first
        else [Config(text, one_set, Config(text)), copy.deepcopy(Config(text, other_set, Config(text)))],
    "attributes": plain(a=1, b=[2], c=set(words)),
    "object array": np.array([text, "b", text] if first else ["shared " + "False", "b", "".join(text)], dtype=object),
    "model": Model(name="a", count=2, tags=set(words)) if first else Model(tags=set(words), count=2, name="a"),
    "records": records_from_json if first else [dict(record), copy.deepcopy(record), record],
    "cached hash": hashed, "enum": {{Color.RED}}, "subclass": Words(words), "class": [Config, Plain, int],
    "frame": pd.DataFrame({{"a": np.array(["x", "y"], dtype=object), "b": [1.0, 2.0]}}, index=["p", "q"]),
    "closure": (lambda: words_in_closure), "constants": (lambda x: x in {{"alpha", "beta", "gamma", "delta"}}),
    "dict of sets": {{name: set(words) for name in "abc"}}, "partial": (lambda: Words)(),
}}
found = {{name: digest(value, name).hex() for name, value in values.items()}}
found["call"] = key(1) if first else key(z=3, x=1, y=2)
found["call with set"] = key(set(words), y={{"k": set(words)}})

apart = [
    1, True, 1.0, "1", 0.0, -0.0, (1, 2), [1, 2], b"a", "a", bytearray(b"a"), np.arange(4), np.arange(4, dtype="u8"),
    np.zeros(4), np.zeros((2, 2)), np.zeros(100_000), np.eye(1, 100_000, 50_000), pd.DataFrame({{"a": [1]}}),
    pd.DataFrame({{"b": [1]}}), pd.DataFrame({{"a": [1]}}, index=[7]), {{"a": 1, "b": 2}}, {{"b": 2, "a": 1}},
]
digests = [digest(value, "x").hex() for value in apart]
assert len(set(digests)) == len(digests)
print(json.dumps(found | {{"apart": digests}}))
"""


def digests(seed: int, *, first: bool) -> dict[str, object]:
    code = VALUES.format(sources=str(Path(__file__).parents[2] / "src"), first=first)
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=False
    )
    assert run.returncode == 0, run.stderr
    found: dict[str, object] = json.loads(run.stdout)
    return found


def test_equal_arguments_never_miss() -> None:
    """Sets, sharing, order of attributes and fields, object arrays, records, spellings of a call; none misses."""
    one, other = digests(1, first=True), digests(2, first=False)
    assert {name for name in one if one[name] != other[name]} == set()
