"""The decorated function keeps its signature, name and docstring; `repr` shows the settings in force."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path

import pytest

from thds.mops import pure


def plain(a: int, /, b: str = "b", *rest: float, c: bool, **more: object) -> list[int]:
    """Says what it does.

    In two paragraphs.
    """
    return [a, len(b), len(rest), c, len(more)]


plain.an_attribute = "kept"  # type: ignore[attr-defined]


def test_inspect_sees_the_function_itself() -> None:
    """Signature, source, docstring, annotations, and that it can be called."""
    decorated = pure.magic()(plain)
    assert inspect.signature(decorated) == inspect.signature(plain)
    assert inspect.getdoc(decorated) == inspect.getdoc(plain)
    assert inspect.getsource(decorated) == inspect.getsource(plain)
    assert inspect.unwrap(decorated) is plain
    assert typing.get_type_hints(decorated) == typing.get_type_hints(plain)
    assert callable(decorated)


def test_the_usual_attributes() -> None:
    """As `functools.wraps` would leave them."""
    decorated = pure.magic()(plain)
    assert decorated.__wrapped__ is plain
    assert decorated.__name__ == "plain"
    assert decorated.__qualname__ == plain.__qualname__
    assert decorated.__module__ == plain.__module__
    assert decorated.__doc__ == plain.__doc__
    assert decorated.an_attribute == "kept"  # type: ignore[attr-defined]


def test_arguments_arrive_as_they_were_given() -> None:
    """Positional-only, variadic, keyword-only and arbitrary ones."""
    decorated = pure.magic()(plain)
    assert decorated(1, "xyz", 1.0, 2.0, c=True, d=0) == [1, 3, 2, True, 1]
    assert decorated(1, c=False) == [1, 1, 0, False, 0]


@pytest.mark.parametrize(
    ("args", "kwargs"), [((), {}), ((1,), {}), ((), {"a": 1, "c": True}), ((1, 2), {"b": 3, "c": True})]
)
def test_a_wrong_call_is_the_type_error_of_the_function(
    args: tuple[object, ...], kwargs: dict[str, object]
) -> None:
    """The same error as of the plain function, where the call is made, whatever way it is made."""

    def two(a, /, b=2, *, c):  # type: ignore[no-untyped-def]  # noqa: ARG001
        return a

    decorated = pure.magic()(two)
    for ask in (decorated, decorated.submit, decorated.peek, decorated.memo_uri, decorated.forget):
        with pytest.raises(TypeError, match=r"argument|unexpected|multiple|missing"):
            ask(*args, **kwargs, d=4)


def test_repr_shows_the_settings_in_force(tmp_path: Path) -> None:
    """Also those of this stack only, and after they were changed; each value once quoted, as it would be written."""

    @pure.magic("subprocess", pipeline_id="my/group")
    def shown() -> None: ...

    pure.magic.blob_root(tmp_path / "other", shown)
    text = repr(shown)
    for said in (
        "test_repr_shows_the_settings_in_force.<locals>.shown",
        "'subprocess'",
        "'my/group'",
        f"{tmp_path}/other'",
    ):
        assert said in text
    assert "\"'" not in text
    with pure.magic.override(pipeline_id="for/now"), shown.off():
        assert "'for/now'" in repr(shown)
        assert "'off'" in repr(shown)
    assert repr(shown) == text


def test_repr_asks_nobody() -> None:
    """A callable root is shown by its name."""

    def where() -> str:
        raise AssertionError("asked")

    @pure.magic(blob_root=where)
    def shown() -> None: ...

    assert "where" in repr(shown)


def test_it_can_be_told_apart_and_weakly_held() -> None:
    """Hashable, equal to itself only, and weakly referable, as functions are."""
    import weakref

    first, second = pure.magic()(plain), pure.magic(pipeline_id="other")(plain)
    assert hash(first) == hash(first)
    assert first != second
    assert len({first, second, first}) == 2
    assert weakref.ref(first)() is first
