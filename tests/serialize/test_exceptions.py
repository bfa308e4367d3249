"""A function's exception to bytes and back, as itself."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from thds.mops.errors import MopsError, RemoteError, RemoteTraceback, ShimError, UnpicklableResultError
from thds.mops.serialize import exceptions


class TwoArguments(Exception):
    def __init__(self, code: int, reason: str) -> None:
        super().__init__(f"{code}: {reason}")
        self.code, self.reason = code, reason


class Locked(Exception):
    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.lock = threading.Lock()
        self.kept = [1]


class KeywordOnly(Exception):
    def __init__(self, *, code: int) -> None:
        super().__init__(code)


class NewWithMore(Exception):
    def __new__(cls, *_: Any, needed: int) -> NewWithMore:
        made = super().__new__(cls)
        made.needed = needed  # type: ignore[attr-defined]
        return made

    def __init__(self, text: str, needed: int) -> None:  # noqa: ARG002
        super().__init__(text)


def there_and_back(error: BaseException) -> BaseException:
    try:
        raise error
    except BaseException as raised:  # noqa: BLE001 - it is what is tested
        pickled, text = exceptions.dump(raised, "file:///root/x.result")
    return exceptions.load(pickled.data, pickled.buffers, text)


@pytest.mark.parametrize(
    "error",
    [
        ValueError(1, 2),
        TwoArguments(4, "x"),
        KeywordOnly(code=3),
        OSError(2, "no", "file"),
        KeyError("k"),
        Exception(),
    ],
)
def test_type_text_arguments_and_attributes(error: Exception) -> None:
    """And its traceback as the cause."""
    again = there_and_back(error)
    assert type(again) is type(error)
    assert (str(again), again.args, vars(again)) == (str(error), error.args, vars(error))
    assert isinstance(again.__cause__, RemoteTraceback)
    assert "in there_and_back" in str(again.__cause__)


def test_what_cannot_be_carried_is_named() -> None:
    """The rest is there."""
    again: Any = there_and_back(Locked("text"))
    assert type(again) is Locked
    assert str(again) == "text"
    assert again.kept == [1]
    assert "lock" in repr(again.lock)


def test_what_cannot_be_rebuilt_at_all() -> None:
    """An error of ours with everything that is known."""
    again = there_and_back(NewWithMore("text", needed=1))
    assert isinstance(again, (NewWithMore, RemoteError))
    if isinstance(again, RemoteError):
        assert "NewWithMore" in again.type_name  # type: ignore[attr-defined]
        assert "text" in str(again)


def test_our_own_errors_keep_their_fields() -> None:
    """Across any number of processes."""
    import pickle

    error = ShimError("what", hint="do this", memo_uri="file:///x", reported="exit code 3")
    for _ in range(2):
        error = pickle.loads(pickle.dumps(error))
        assert (error.what, error.hint) == ("what", "do this")
        assert (error.memo_uri, error.reported) == ("file:///x", "exit code 3")  # type: ignore[attr-defined]
        assert str(error) == "what\n  hint: do this"
    assert isinstance(error, MopsError)


def test_an_unpicklable_value_does_not_keep_its_error_from_travelling() -> None:
    """`UnpicklableResultError.value` exists only where it was computed."""
    error = UnpicklableResultError("what", path="result")
    error.value = threading.Lock()
    again: Any = there_and_back(error)
    assert type(again) is UnpicklableResultError
    assert again.path == "result"


def test_every_error_of_ours_survives_pickling() -> None:
    """All classes of the tree."""
    import pickle

    from thds.mops import errors

    classes = [
        value for value in vars(errors).values() if isinstance(value, type) and issubclass(value, MopsError)
    ]
    assert len(classes) > 15
    for cls in classes:
        again = pickle.loads(pickle.dumps(cls("what", hint="hint", field=[1])))
        assert type(again) is cls
        assert (again.what, again.hint, again.field) == ("what", "hint", [1])
        assert "what" in str(again)
        assert "hint" in str(again)
