"""What one call is: its function, arguments, settings, key and place. Made by whoever walks the line."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from thds.mops.callkey.address import Address, function_folder
from thds.mops.callkey.function import Identity, underlying
from thds.mops.callkey.key import Key, KeyMaker
from thds.mops.config.root import RootSetting
from thds.mops.config.settings import CallSettings
from thds.mops.errors import SettingsError
from thds.mops.memo.commit import About
from thds.mops.memo.lookup import Hit, Missing, lookup
from thds.mops.stores.base import Store
from thds.mops.stores.registry import open_store
from thds.mops.worker import importing


class Target:
    """A function as decorated. `function` is what runs; `sent` is what is pickled for a worker: the decorated object,
    because that is what its module's name leads to."""

    __slots__ = ("_place", "function", "identity", "is_async", "keys", "said_other_code", "sent")

    def __init__(
        self,
        function: Callable[..., Any],
        identity: Identity,
        sent: object,
        ignore: Sequence[str],
        calls: Sequence[Any],
    ) -> None:
        self.function = function
        self.identity = identity
        self.sent = sent
        self.keys = KeyMaker(function, identity, ignore, calls)
        self.is_async = is_async(function)
        self.said_other_code = False
        self._place: Place | None = None

    def place(self, settings: CallSettings) -> Place:
        place = self._place
        if place is None or place.settings is not settings:
            place = self._place = Place(self.identity, settings)
        return place


def is_async(function: Any) -> bool:
    code = getattr(underlying(function), "__code__", None)
    return bool(code and code.co_flags & 0x80)  # inspect.CO_COROUTINE, without importing inspect


class Place:
    """Where the memos of one function lie under one set of settings. Opening the root happens here, so at the first
    call that needs it."""

    __slots__ = ("folder", "inline", "root", "settings", "shared_space", "store")

    def __init__(self, identity: Identity, settings: CallSettings) -> None:
        self.settings = settings
        self.store: Store = _opened(settings.blob_root, identity)
        self.root = self.store.uri
        self.inline = settings.shim.kind == "name" and settings.shim.value == "samethread"
        # The default root with the default pipeline id is shared by all of a user's projects.
        self.shared_space = settings.root_is_default and settings.pipeline_is_default
        self.folder = function_folder(settings.pipeline_id, identity.function_id, identity.logic_key)


def _opened(root: RootSetting, identity: Identity) -> Store:
    uri = root.uri()
    try:
        return open_store(uri)
    except SettingsError as error:  # only now is it known: say who needs it, and where it was set
        what = f"{root.where}: {error.what} (needed for a call of {identity.path})"
        raise type(error)(what, hint=error.hint, **error._fields) from error.__cause__


class Call:
    """One call with its key. `args` and `kwargs` are as given, not normalised: the function gets exactly those."""

    __slots__ = ("address", "args", "key", "kwargs", "place", "store", "target")

    def __init__(self, target: Target, place: Place, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.target = target
        self.place = place
        self.store = place.store
        self.args = args
        self.kwargs = kwargs
        self.key: Key = target.keys.key(args, kwargs, place.settings.pipeline_id, place.shared_space)
        self.address = Address(place.root, place.folder, self.key.digest)

    def look(self) -> Hit | Missing:
        if importing.under_way and not importing.may_look():
            return Missing()  # the fork server never touches a store
        return lookup(self.store, self.address)

    def about(self) -> About:
        identity = self.target.identity
        return About(
            function=identity.function_id,
            pipeline_id=self.place.settings.pipeline_id,
            logic_key=identity.logic_key,
            code=identity.code,
            arguments={name: digest.hex() for name, digest in self.key.arguments},
            shim=self.shim_name,
        )

    @property
    def shim_name(self) -> str:
        shim = self.place.settings.shim
        return shim.value if isinstance(shim.value, str) else str(shim)
