"""The sandbox in which texts are rendered: variables, conditions, filters, short loops, and nothing that can grow or escape."""

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from jinja2 import ChainableUndefined, StrictUndefined, nodes
from jinja2.exceptions import SecurityError, TemplateSyntaxError, UndefinedError
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment

MAX_RANGE = 100
MAX_DEPTH = 2
"""Loops inside each other."""

_KEPT_FILTERS = (
    "abs",
    "capitalize",
    "first",
    "float",
    "int",
    "last",
    "length",
    "lower",
    "round",
    "sort",
    "title",
    "trim",
    "truncate",
    "unique",
    "upper",
)
_ALLOWED: tuple[type[nodes.Node], ...] = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.If, nodes.For, nodes.CondExpr),
    *(nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem, nodes.Slice, nodes.List, nodes.Tuple),
    *(nodes.Filter, nodes.Test, nodes.Keyword, nodes.Call, nodes.Compare, nodes.Operand),
    *(nodes.And, nodes.Or, nodes.Not, nodes.Neg, nodes.Pos),
    *(nodes.Add, nodes.Sub, nodes.Mul, nodes.Div, nodes.FloorDiv, nodes.Mod, nodes.Concat),
)


class _Strict(StrictUndefined):
    """Says only its name when it fails, so that the error can name the variable."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return str(self._undefined_name)


class _Lenient(ChainableUndefined):
    """Prints as nothing, but cannot be reckoned with."""

    __slots__ = ()

    @property
    def _undefined_message(self) -> str:
        return str(self._undefined_name)


class Environment(ImmutableSandboxedEnvironment):
    """Jinja's sandbox, cut down. `Any` below is Jinja's own signature: template values have no type."""

    intercepted_binops = frozenset({"*", "%"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Numbers only: `"a" * 10**9` and `"%999999999d" % 1` would fill the memory."""
        if not (isinstance(left, int | float) and isinstance(right, int | float)):
            raise SecurityError(f"{operator} works with numbers only")
        return super().call_binop(context, operator, left, right)

    def getattr(self, obj: Any, attribute: str) -> Any:
        """A key of a mapping (never its methods), a part of a date, or what a loop knows."""
        if isinstance(obj, Mapping):
            return obj[attribute] if attribute in obj else self.undefined(obj=obj, name=attribute)
        if isinstance(obj, date | time | LoopContext | Undefined):
            return super().getattr(obj, attribute)
        return self.undefined(obj=obj, name=attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """An element, never an attribute."""
        try:
            return obj[argument]
        except (AttributeError, TypeError, LookupError):
            return self.undefined(obj=obj, name=str(argument))


def check(tree: nodes.Template) -> None:
    """Raise TemplateSyntaxError for what these templates may not do."""
    _check(tree, 0)


def _check(node: nodes.Node, depth: int) -> None:
    if not isinstance(node, _ALLOWED):
        raise TemplateSyntaxError(f"{type(node).__name__.lower()} cannot be used here", node.lineno)
    if isinstance(node, nodes.Call) and not (isinstance(node.node, nodes.Name) and node.node.name == "range"):
        raise TemplateSyntaxError("functions cannot be called here; use a filter, like {{ name | upper }}", node.lineno)
    if isinstance(node, nodes.For):
        depth += 1
        if depth > MAX_DEPTH or node.recursive:
            raise TemplateSyntaxError(f"at most {MAX_DEPTH} loops inside each other", node.lineno)
    if isinstance(node, nodes.Name) and node.name in ("range", "self", "super", "caller", "varargs", "kwargs"):
        raise TemplateSyntaxError(f"{node.name!r} cannot be printed", node.lineno)
    called = ["node"] if isinstance(node, nodes.Call) else None
    for child in node.iter_child_nodes(exclude=called):
        _check(child, depth)


def _range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > MAX_RANGE:
        raise SecurityError(f"a range has at most {MAX_RANGE} numbers")
    return numbers


def _default(value: Any, otherwise: Any = "") -> Any:
    """Missing, empty and None are all "not there" to who writes the text."""
    return otherwise if isinstance(value, Undefined) or value is None or value == "" else value


def _join(values: Any, between: str = "") -> str:
    """Of lists only: joining the letters of a text again and again would fill the memory."""
    if isinstance(values, str):
        return values
    return between.join("" if value is None else str(value) for value in values)


def _plural(number: Any, one: str, few: str, many: str | None = None) -> str:
    """`{{ n }} {{ n | plural("заказ", "заказа", "заказов") }}`; two forms for English: plural("order", "orders")."""
    count = abs(int(number))
    if many is None:
        return one if count == 1 else few
    if count % 10 == 1 and count % 100 != 11:
        return one
    return few if 2 <= count % 10 <= 4 and not 12 <= count % 100 <= 14 else many


def _clock(value: datetime | time) -> str:
    return value.strftime("%H:%M")


def _day(value: date | str, form: str = "%d.%m.%Y") -> str:
    """Also of an answer to a question for a date, which is kept as YYYY-MM-DD."""
    if len(form) > 40:
        raise ValueError("the form of a date is too long")
    return (date.fromisoformat(value) if isinstance(value, str) else value).strftime(form)


def _split(value: Any, at: str | None = None) -> list[str]:
    return str(value).split(at)


def _shown(value: Any) -> Any:
    return "" if value is None else value


def environment(*, strict: bool) -> Environment:
    """A fresh sandbox; strict: a variable that is not there is an error, else it prints as nothing."""
    made = Environment(
        autoescape=False,
        undefined=_Strict if strict else _Lenient,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=0,
    )
    made.filters = {name: FILTERS[name] for name in _KEPT_FILTERS}
    made.filters |= {"default": _default, "join": _join, "plural": _plural, "time": _clock, "date": _day, "split": _split}
    made.globals = {"range": _range}
    return made


__all__ = ["MAX_DEPTH", "MAX_RANGE", "Environment", "UndefinedError", "check", "environment"]
