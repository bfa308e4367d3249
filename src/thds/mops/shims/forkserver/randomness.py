"""Random generators over a fork: workers must not repeat each other, unless they would if each had a new interpreter.

A new interpreter seeds `random` and `numpy.random` from the system, and what it imports may seed them again with a
constant. A server has both behind it when it forks, and finds out here which it was. Used by servers and children.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable
from typing import Any

_BLOCK = 624  # numbers that one state of the Mersenne Twister yields
#: So many blocks a module may draw while it is imported before an unseeded generator is taken for a seeded one.
_MOST_BLOCKS = 16


class Generators:
    """The two global ones. `before_import` and `after_import` around every import in the server, `in_child` after a
    fork. NumPy's counts as unseeded if its `random` was not there before the import that seeded it."""

    def __init__(self) -> None:
        self._python: tuple[int, ...] | None = ()  # None: seeded by an import
        self._numpy: tuple[int, ...] | None = ()
        self._seeded_state: Any = None

    def before_import(self) -> None:
        if self._python is not None:
            random.seed()
            self._python = _python_words()
        if self._numpy is not None and (numpy_random := _numpy_random()):
            numpy_random.seed()
            self._numpy = _numpy_words()

    def after_import(self) -> None:
        if self._python is not None and not _continues(self._python, _python_words()):
            self._python = None
        if self._numpy and not _continues(self._numpy, _numpy_words()):
            self._numpy = None
        if self._python is None:
            self._seeded_state = random.getstate()

    def in_child(self) -> None:
        if self._python is None:
            random.setstate(self._seeded_state)  # the module seeds itself anew in every forked child
        if self._numpy is not None and (numpy_random := _numpy_random()):
            numpy_random.seed()


def unseeded_in(modules: Iterable[Any]) -> str | None:
    """The name of a random generator among the globals of `modules` that had no seed of its own: forked, it would give
    every worker the same numbers. For `random.Random` nobody can tell: it counts as unseeded."""
    numpy_random = _numpy_random()
    for module in modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, random.Random) or (numpy_random and _is_unseeded(value, numpy_random)):
                return f"{module.__name__}.{name}"
    return None


def _is_unseeded(value: object, numpy_random: Any) -> bool:
    if isinstance(value, (numpy_random.Generator, numpy_random.RandomState)):
        bits = value.bit_generator if isinstance(value, numpy_random.Generator) else value._bit_generator
        entropy = getattr(getattr(bits, "seed_seq", None), "entropy", None)
        # Without a seed it is 128 bits from the system. RandomState seeds in an older way, which leaves no trace.
        return not isinstance(entropy, (int, list, tuple)) or (
            isinstance(entropy, int) and entropy >> 64 != 0
        )
    return False


def _continues(words: tuple[int, ...], later: tuple[int, ...]) -> bool:
    """Whether a Mersenne Twister in the state `words` comes to the state `later` just by being drawn from."""
    if words == later:
        return True
    twister = random.Random()
    twister.setstate((3, (*words, _BLOCK), None))
    for _ in range(_MOST_BLOCKS):
        twister.getrandbits(32 * _BLOCK)
        if twister.getstate()[1][:-1] == later:
            return True
    return False


def _python_words() -> tuple[int, ...]:
    words: tuple[int, ...] = random.getstate()[1][:-1]
    return words


def _numpy_words() -> tuple[int, ...]:
    state = sys.modules["numpy.random"].get_state(legacy=False)
    return tuple(state["state"]["key"].tolist()) if state["bit_generator"] == "MT19937" else ()


def _numpy_random() -> Any:
    """`numpy.random` if it is loaded: it is never loaded for our sake."""
    return sys.modules.get("numpy.random")
