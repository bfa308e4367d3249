"""Who takes apart which class: names only, so that nothing third-party is imported until a value of it is met.

`register_encoder` is public; everything else is called by `encoders.py`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from thds.mops.callkey.node import Node, Refused, head
from thds.mops.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable

    from thds.mops.callkey.node import Encoder

_registered: dict[str, Callable[[Any], object]] = {}
#: Encoders of classes that can be imported, and so will stay: finding one costs more than running it.
known: dict[type, Encoder] = {}

#: For a class and its subclasses: top-level package and qualified name (libraries move classes between their private
#: modules) -> module below `adapters` and function. Encoders of this table keep the class and further attributes.
_FAMILIES = {
    "enum.Enum": "enums:member",
    "numpy.MaskedArray": "numpy:masked",
    "numpy.dtype": "numpy:dtype",
    "numpy.generic": "numpy:scalar",
    "numpy.ndarray": "numpy:array",
    "numpy.ufunc": "numpy:ufunc",
    "pandas.DataFrame": "pandas:frame",
    "pandas.ExtensionArray": "pandas:extension_array",
    "pandas.ExtensionDtype": "pandas:extension_dtype",
    "pandas.Index": "pandas:index",
    "pandas.Series": "pandas:series",
    "pathlib.Path": "paths:path",
    "pathlib.PurePath": "paths:pure_path",
    "polars.DataFrame": "polars:frame",
    "polars.DataType": "polars:dtype",
    "polars.LazyFrame": "polars:lazy_frame",
    "polars.Series": "polars:series",
    "pyarrow.Array": "arrow:array",
    "pyarrow.ChunkedArray": "arrow:array",
    "pyarrow.DataType": "arrow:dtype",
    "pyarrow.Field": "arrow:field",
    "pyarrow.RecordBatch": "arrow:table",
    "pyarrow.Scalar": "arrow:scalar",
    "pyarrow.Schema": "arrow:schema",
    "pyarrow.Table": "arrow:table",
    "pydantic.BaseModel": "pydantic:model",
    "torch.Tensor": "torch:tensor",
}

#: For exactly this class; subclasses go by their reduction, which keeps what they add.
_EXACT = {
    "builtins.NotImplementedType": "builtin:singleton",
    "builtins.builtin_function_or_method": "functions:builtin",
    "builtins.bytearray": "builtin:byte_array",
    "builtins.classmethod": "functions:wrapping",
    "builtins.classmethod_descriptor": "functions:descriptor",
    "builtins.code": "functions:code",
    "builtins.complex": "builtin:complex_number",
    "builtins.ellipsis": "builtin:singleton",
    "builtins.frozenset": "builtin:exact_set",
    "builtins.function": "functions:function",
    "builtins.getset_descriptor": "functions:descriptor",
    "builtins.mappingproxy": "builtin:mapping_proxy",
    "builtins.member_descriptor": "functions:descriptor",
    "builtins.memoryview": "builtin:memory_view",
    "builtins.method": "functions:bound_method",
    "builtins.method-wrapper": "functions:builtin",
    "builtins.method_descriptor": "functions:descriptor",
    "builtins.property": "functions:property_",
    "builtins.range": "builtin:slice_or_range",
    "builtins.set": "builtin:exact_set",
    "builtins.slice": "builtin:slice_or_range",
    "builtins.staticmethod": "functions:wrapping",
    "builtins.wrapper_descriptor": "functions:descriptor",
    "_io.BytesIO": "stdlib:memory_file",
    "_io.StringIO": "stdlib:memory_file",
    "array.array": "stdlib:array",
    "collections.Counter": "stdlib:mapping",
    "collections.OrderedDict": "stdlib:mapping",
    "collections.defaultdict": "stdlib:defaultdict",
    "collections.deque": "stdlib:deque",
    "datetime.date": "stdlib:date",
    "datetime.datetime": "stdlib:datetime",
    "datetime.time": "stdlib:time",
    "datetime.timedelta": "stdlib:timedelta",
    "datetime.timezone": "stdlib:timezone",
    "decimal.Decimal": "stdlib:decimal",
    "fractions.Fraction": "stdlib:fraction",
    "functools._lru_cache_wrapper": "stdlib:lru_cache",
    "functools.partial": "stdlib:partial",
    "pandas.NAType": "pandas:missing",
    "pandas.NaTType": "pandas:missing",
    "pandas.Period": "pandas:period",
    "pandas.Timedelta": "pandas:timedelta",
    "pandas.Timestamp": "pandas:timestamp",
    "re.Pattern": "stdlib:pattern",
    "types.SimpleNamespace": "stdlib:namespace",
    "uuid.UUID": "stdlib:uuid",
    "zoneinfo.ZoneInfo": "stdlib:zone_info",
}


def register_encoder(type_or_dotted_name: type | str, function: Callable[[Any], object]) -> None:
    """Values of that class and its subclasses are keyed by their class's name and what `function(value)` returns: any
    value that can be keyed itself, equal for equal values in every process. The last registration of a name wins; the
    nearest class in the method resolution order decides. A dotted name is `module.qualname` and imports nothing."""
    name: Any = type_or_dotted_name
    if isinstance(name, type):
        name = f"{name.__module__}.{name.__qualname__}"
    if not isinstance(name, str) or "." not in name:
        hint = "for example register_encoder('shapely.Point', lambda point: point.wkb)"
        raise SettingsError(f"register_encoder needs a class or its dotted name, not {name!r}", hint=hint)
    if not callable(function):
        raise SettingsError(f"the encoder for `{name}` is not callable: {function!r}")
    _registered[name] = function
    known.clear()


def find(cls: type) -> Encoder | None:
    """The encoder for values of exactly this class."""
    for base in cls.__mro__:
        module, qualname = base.__module__, base.__qualname__
        registered = _registered.get(f"{module}.{qualname}")
        if registered is not None:
            return said_by(cls, "registered", registered)
        name = f"{module.partition('.')[0]}.{qualname}"
        place = (_EXACT.get(name) if base is cls else None) or _FAMILIES.get(name)
        if place is not None:
            return _load(place)
    return None


def _load(place: str) -> Encoder:
    file, _, function = place.partition(":")
    encoder: Encoder = getattr(import_module(f"thds.mops.callkey.adapters.{file}"), function)
    return encoder


def said_by(cls: type, kind: str, function: Callable[[Any], object]) -> Encoder:
    """An encoder out of what the class or a third party says a value's content is."""
    label = head(kind, f"{cls.__module__}.{cls.__qualname__}")

    def encode(value: Any) -> Node:
        parts = function(value)
        if parts is value:
            raise Refused(
                "what was to say its content returned the value itself", f"see `{kind}` of {cls.__qualname__}"
            )
        return Node(label, parts)

    return encode
