"""Arguments bound to a signature the way Python does it, because Python does it.

Called by `key.KeyMaker`, for each call. A stub with the same parameters returns what it was given: a call of it costs
0.1 us, fills in defaults, and raises the very `TypeError` a wrong call of the function would raise. `inspect` is
imported only for callables whose own code does not say their signature.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from thds.mops.errors import DecorationError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from inspect import Signature
    from types import CodeType

_VARARGS, _VARKEYWORDS = 0x04, 0x08  # code flags


class Stub:
    """`bind(*args, **kwargs)` gives the values of all parameters, in the order of `names`. `star_star` is the place
    of the `**kwargs` parameter, or None; `defaults` are by name."""

    __slots__ = ("bind", "defaults", "names", "star_star")

    def __init__(self, name: str, parameters: Parameters) -> None:
        self.names = parameters.names
        self.star_star = len(self.names) - 1 if parameters.var_keyword else None
        self.defaults = parameters.defaults
        stub = eval(f"lambda {parameters.source()}: ({''.join(f'{n},' for n in self.names)})", {})
        stub.__name__ = stub.__qualname__ = name
        with_default = [n for n in parameters.positional if n in self.defaults]
        stub.__defaults__ = tuple(self.defaults[n] for n in with_default)
        stub.__kwdefaults__ = {n: self.defaults[n] for n in parameters.keyword if n in self.defaults}
        self.bind: Callable[..., tuple[Any, ...]] = stub


class Parameters:
    """Names by kind. Defaults of positional ones are those of the last, as Python demands."""

    __slots__ = ("defaults", "keyword", "only", "positional", "var_keyword", "var_positional")

    def __init__(self) -> None:
        self.positional: list[str] = []
        self.only = 0  # how many of them are positional-only
        self.var_positional = ""
        self.keyword: list[str] = []
        self.var_keyword = ""
        self.defaults: dict[str, Any] = {}

    @property
    def names(self) -> tuple[str, ...]:
        stars = [n for n in (self.var_positional,) if n]
        return (*self.positional, *stars, *self.keyword, *([self.var_keyword] if self.var_keyword else []))

    def source(self) -> str:
        pieces = list(self.positional)
        if self.only:
            pieces.insert(self.only, "/")
        if self.var_positional:
            pieces.append(f"*{self.var_positional}")
        elif self.keyword:
            pieces.append("*")
        pieces += self.keyword
        if self.var_keyword:
            pieces.append(f"**{self.var_keyword}")
        return ", ".join(pieces)


class Binder:
    """Binds calls of one callable. A partial or a bound method is bound as a call of what it fixes arguments of."""

    __slots__ = ("_fallback", "_fixed", "_stub")

    def __init__(self, func: Any) -> None:
        function, self._fixed = _unfixed(func)
        self._stub, self._fallback = _stubs(function)

    @property
    def names(self) -> tuple[str, ...]:
        return self._stub.names

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Stub, tuple[Any, ...]]:
        """The stub that fits and one value for each of its names; `**kwargs` are sorted by name."""
        for fix in self._fixed:
            args, kwargs = fix(args, kwargs)
        stub = self._stub
        try:
            values = stub.bind(*args, **kwargs)
        except TypeError:
            if self._fallback is None:
                raise
            stub = self._fallback
            values = stub.bind(*args, **kwargs)
        if stub.star_star is not None and len(values[-1]) > 1:
            values = (*values[:-1], {name: values[-1][name] for name in sorted(values[-1])})
        return stub, values


def check_ignored(ignore: Iterable[str], func_name: str, names: Collection[str]) -> frozenset[str]:
    """The names to leave out of keys. A name that is no parameter would silently be in the key: an error."""
    if isinstance(ignore, str):
        raise DecorationError(
            f"`ignore` of {func_name} is a list of names, not {ignore!r}", hint=f"ignore=[{ignore!r}]"
        )
    ignored = frozenset(ignore)
    for name in sorted(ignored, key=str):
        if name not in names:
            from difflib import get_close_matches

            close = get_close_matches(str(name), names, 1, 0.0)
            hint = (
                f"did you mean {close[0]!r}? its parameters: {', '.join(names)}"
                if close
                else "it has no parameters"
            )
            raise DecorationError(f"`ignore` names {name!r}, which is no parameter of {func_name}", hint=hint)
    return ignored


def _unfixed(func: Any) -> tuple[Any, list[Any]]:
    """The innermost function, and how to put back what partials and bound methods fixed, outermost first."""
    from functools import partial

    fixed: list[Any] = []
    while True:
        if isinstance(func, partial):
            fixed.append(_partial_fix(func))
            func = func.func
        elif hasattr(func, "__func__"):
            owner = getattr(func, "__self__", None)
            if owner is not None:
                fixed.append(lambda args, kwargs, owner=owner: ((owner, *args), kwargs))
            func = func.__func__
        else:
            return func, fixed


def _partial_fix(func: Any) -> Any:
    import functools

    hole = getattr(functools, "Placeholder", None)  # Python 3.14

    def fix(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        rest = iter(args)
        filled = [next(rest, hole) if hole is not None and value is hole else value for value in func.args]
        return (*filled, *rest), {**func.keywords, **kwargs}

    return fix


def _stubs(function: Any) -> tuple[Stub, Stub | None]:
    """By the function's own code, where that says everything; else by `inspect.signature`, and, for wrappers that take
    other arguments than what they wrap, by the wrapper's own code."""
    name = getattr(function, "__qualname__", None) or repr(function)
    code = getattr(function, "__code__", None)
    own = Stub(name, _from_code(code, function)) if code is not None else None
    if own is not None and not hasattr(function, "__wrapped__") and not hasattr(function, "__signature__"):
        return own, None
    import inspect

    try:
        return Stub(name, _from_signature(inspect.signature(function))), own
    except ValueError:  # some builtins do not tell
        return own or Stub(name, _anything()), None


def _from_code(code: CodeType, function: Any) -> Parameters:
    names, count = code.co_varnames, code.co_argcount
    parameters = Parameters()
    parameters.positional = list(names[:count])
    parameters.only = code.co_posonlyargcount
    parameters.keyword = list(names[count : count + code.co_kwonlyargcount])
    stars = iter(names[count + code.co_kwonlyargcount :])
    parameters.var_positional = next(stars) if code.co_flags & _VARARGS else ""
    parameters.var_keyword = next(stars) if code.co_flags & _VARKEYWORDS else ""
    defaults = function.__defaults__ or ()
    parameters.defaults = dict(zip(names[count - len(defaults) : count], defaults, strict=True))
    parameters.defaults.update(function.__kwdefaults__ or {})
    return parameters


def _from_signature(signature: Signature) -> Parameters:
    parameters = Parameters()
    for name, parameter in signature.parameters.items():
        kind = parameter.kind
        if kind is kind.VAR_POSITIONAL:
            parameters.var_positional = name
        elif kind is kind.VAR_KEYWORD:
            parameters.var_keyword = name
        elif kind is kind.KEYWORD_ONLY:
            parameters.keyword.append(name)
        else:
            parameters.positional.append(name)
            parameters.only += kind is kind.POSITIONAL_ONLY
        if parameter.default is not parameter.empty:
            parameters.defaults[name] = parameter.default
    return parameters


def _anything() -> Parameters:
    parameters = Parameters()
    parameters.var_positional, parameters.var_keyword = "args", "kwargs"
    return parameters
