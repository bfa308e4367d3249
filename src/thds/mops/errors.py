"""Every error and warning a user can meet. Raised from any room; imports nothing of ours.

    MopsError
    ├── SettingsError (ValueError)          a setting, a `.mops.toml`, a blob root or a pipeline id is wrong
    │   ├── UnknownShimError                no shim of that name; names the nearest one
    │   └── UnknownSchemeError              a blob root whose scheme nobody registered; lists the known ones
    ├── MissingExtraError (ImportError)     a feature needs a package that is not installed; says which
    ├── DecorationError (TypeError)         this cannot be decorated (a class, a generator function ...)
    │   └── DuplicateFunctionError          two different functions with one dotted path
    ├── UnkeyableError (TypeError)          no deterministic key for an argument; names the path inside it
    ├── SerializationError (TypeError)      an argument or a result cannot be pickled; names the path inside it
    │   ├── UnpicklableArgumentError
    │   ├── UnpicklableResultError          carries the computed `value` when it was computed in this process
    │   └── UnloadableResultError           a stored result needs a class or module that is not here
    ├── StoreError (OSError)                a blob store could not do what was asked
    │   ├── StoreUnwritableError            read-only, full, or not permitted; hits still work
    │   │   └── ResultRefusedError          a worker computed a result that the store had no room for
    │   └── DamagedBlobError                a blob is not what its address says
    └── CallError                           the call did not come to an outcome of its own
        ├── SelfCallError                   a call that (in)directly calls itself with its own arguments
        ├── ImportTimeCallError             a decorated call had to be computed while a worker imports
        ├── ResultRequiredError (LookupError)  `require_all` is in force and there is no result
        ├── ShimError                       the shim ended without an outcome: crash, kill, engine failure
        ├── AbandonedCallError              several workers in a row died over this call
        ├── LeaseLostError                  another process took this call over
        └── RemoteError                     the function's exception could not be rebuilt here; carries its text
    NotStoredWarning, DamagedBlobWarning (MopsWarning, UserWarning)

An exception of the user's own function is never wrapped: it comes back as itself.

All errors carry `what` (what happened, where), `hint` (what to do), and their fields as attributes, and survive
pickling with them.
"""

from __future__ import annotations

from typing import Any


class MopsError(Exception):
    """Base of all. `fields` become attributes; they must be picklable for the error to cross processes whole."""

    def __init__(self, what: str, *, hint: str = "", **fields: Any) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self._fields = fields
        for name, value in fields.items():
            setattr(self, name, value)

    def __str__(self) -> str:
        return f"{self.what}\n  hint: {self.hint}" if self.hint else self.what

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.what, self.hint, self._fields)


def _rebuild(cls: type[MopsError], what: str, hint: str, fields: dict[str, Any]) -> MopsError:
    return cls(what, hint=hint, **fields)


class SettingsError(MopsError, ValueError):
    """A setting is wrong. Raised where it is set if that can be seen there, else at the first call that needs it."""


class UnknownShimError(SettingsError):
    """Fields: name."""


class UnknownSchemeError(SettingsError):
    """Fields: scheme, known (tuple of registered schemes)."""


class MissingExtraError(MopsError, ImportError):
    """Fields: extra (the name in `mops-magic[...]`)."""


class DecorationError(MopsError, TypeError):
    """Raised while decorating; nothing was registered."""


class DuplicateFunctionError(DecorationError):
    """Fields: path. Two functions under one path would share memos: a wrong hit."""


class UnkeyableError(MopsError, TypeError):
    """Fields: argument_path, such as `cfg.callbacks[2]`."""


class SerializationError(MopsError, TypeError):
    """Fields: path, such as `result['model'].lock`."""


class UnpicklableArgumentError(SerializationError):
    """The argument cannot be sent to where the call should run; nothing was started."""


class UnpicklableResultError(SerializationError):
    """The function ran, its result cannot be stored. `value` is the result, in the process that computed it."""

    value: Any = None


class UnloadableResultError(SerializationError):
    """Fields: path, memo_uri. The blob is whole, but unpickling it fails here; the failure is the cause."""


class StoreError(MopsError, OSError):
    """Fields: operation, key (or root)."""

    def __str__(self) -> str:  # OSError's own would show only the errno form
        return MopsError.__str__(self)


class StoreUnwritableError(StoreError):
    """Fields: operation, key, errno (or None)."""


class ResultRefusedError(StoreUnwritableError):
    """From a worker to its caller, who computes once more without storing. Users do not see it."""


class DamagedBlobError(StoreError):
    """Fields: key, reason. Found before anything was decoded."""


class CallError(MopsError):
    """Fields: memo_uri."""


class SelfCallError(CallError, RecursionError):
    """In plain Python this call would never end."""


class ImportTimeCallError(CallError):
    """Computing while a module is being imported in a worker would nest workers without end."""


class ResultRequiredError(CallError, LookupError):
    """Fields: memo_uri. Nothing was run and nothing was written."""


class ShimError(CallError):
    """Fields: memo_uri, reported (what the engine said, such as `exit code 3`)."""


class AbandonedCallError(CallError):
    """Fields: memo_uri, holders (who held the call, in order)."""


class LeaseLostError(CallError):
    """Only seen inside workers: the call was taken over while this process believed to hold it."""


class RemoteError(CallError):
    """Fields: type_name, remote_traceback."""


class RemoteTraceback(Exception):
    """Not an error of ours: the `__cause__` of a function's exception that was raised elsewhere. Its text is the
    whole traceback there."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text.rstrip()}\n"""'


class MopsWarning(UserWarning):
    """Base of our warnings: nothing is lost, but something did not go as it should."""


class NotStoredWarning(MopsWarning):
    """A value was computed and returned, but could not be stored."""


class DamagedBlobWarning(MopsWarning):
    """A damaged blob was set aside; its call is computed again."""
