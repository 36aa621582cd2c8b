"""Render a text with variables: compiled once, in a sandbox, with errors that name the variable and the line."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import TracebackType
from typing import Any

from jinja2 import Template, nodes
from jinja2.exceptions import TemplateError, TemplateSyntaxError, UndefinedError
from jinja2.meta import find_undeclared_variables

from bots.templating import check, environment

MAX_SOURCE = 20_000
MAX_OUTPUT = 65_536

_POSITIONAL = re.compile(r"\{\{\s*(\d{1,3})\s*\}\}")
_STRICT = environment(strict=True)
_LENIENT = environment(strict=False)


class RenderError(ValueError):
    """A text that cannot be compiled or rendered. `line` counts from 1, 0: unknown; `variable` may be empty."""

    def __init__(self, problem: str, *, line: int = 0, variable: str = "") -> None:
        super().__init__(f"line {line}: {problem}" if line else problem)
        self.problem = problem
        self.line = line
        self.variable = variable


@dataclass(frozen=True, kw_only=True, slots=True)
class Compiled:
    """A text ready to render. `constant`: it has no variables; `names`: variables it needs; `parts`: (name, attribute) read."""

    constant: str | None
    names: frozenset[str]
    parts: frozenset[tuple[str, str]]
    template: Template

    def render(self, variables: Mapping[str, Any]) -> str:
        """The text with these variables (`Any`: whatever a template may print). Raises RenderError."""
        if self.constant is not None:
            return self.constant
        try:
            return _bounded(self.template.root_render_func(self.template.new_context(dict(variables))))
        except UndefinedError as error:
            name = re.sub(r"^_(?=\d)", "", str(error))
            raise RenderError(
                f"the variable {name!r} has no value", line=_line(self.template, error.__traceback__), variable=name
            ) from error
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise RenderError(str(error), line=_line(self.template, error.__traceback__)) from error


def render(template: str, variables: Mapping[str, Any], *, default: str | None = None) -> str:
    """Render with every variable there; a missing or None one is an error, or reads `default` if that is given.

    `{{ 1 }}`, as in providers' templates, is the variable "1". Raises RenderError.
    """
    compiled = compile_text(template)
    there = {f"_{name}" if name.isdecimal() else name: value for name, value in variables.items() if value is not None}
    if default is not None:
        there = dict.fromkeys(compiled.names, default) | there
    return compiled.render(there)


@lru_cache(maxsize=2048)
def compile_text(source: str, *, strict: bool = True) -> Compiled:
    """Compile and check. Not strict: variables without a value print as nothing. Raises RenderError."""
    if len(source) > MAX_SOURCE:
        raise RenderError(f"the text has {len(source)} characters, at most {MAX_SOURCE} can be rendered")
    chosen = _STRICT if strict else _LENIENT
    try:
        tree = chosen.parse(_POSITIONAL.sub(r"{{ _\1 }}", source))
        check(tree)
        names = frozenset(find_undeclared_variables(tree)) - {"range"}
        template = Template.from_code(chosen, chosen.compile(tree), chosen.globals)
    except TemplateSyntaxError as error:
        raise RenderError(error.message or "this cannot be read", line=error.lineno) from error
    except (RecursionError, SyntaxError, ValueError) as error:  # brackets by the hundred, numbers of thousands of digits
        raise RenderError("too long or too deeply nested to be read") from error
    return Compiled(constant=_constant(tree), names=names, parts=_parts(tree), template=template)


def _constant(tree: nodes.Template) -> str | None:
    if any(not isinstance(node, nodes.Output | nodes.TemplateData) for node in tree.find_all(nodes.Node)):
        return None
    return "".join(data.data for data in tree.find_all(nodes.TemplateData))


def _parts(tree: nodes.Template) -> frozenset[tuple[str, str]]:
    found = tree.find_all(nodes.Getattr)
    return frozenset((each.node.name, each.attr) for each in found if isinstance(each.node, nodes.Name))


def _bounded(chunks: Iterator[str]) -> str:
    """Joins while it counts: a loop cannot print without end."""
    kept: list[str] = []
    length = 0
    for chunk in chunks:
        kept.append(chunk)
        length += len(chunk)
        if length > MAX_OUTPUT:
            raise ValueError(f"the text becomes longer than {MAX_OUTPUT} characters")
    return "".join(kept)


def _line(template: Template, trace: TracebackType | None) -> int:
    """The template's line in which it failed: the last frame that is compiled from it."""
    line = 0
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == "<template>":
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line
