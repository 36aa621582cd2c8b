"""Read a flow from YAML or a document, or explain everything that is wrong with it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import yaml
from pydantic import ValidationError

from bots.check import check
from bots.flow import Flow
from bots.migrations import migrate
from bots.notation import NotationError, Path, read
from bots.problems import FlowError, Problem, explain


def load(text: str) -> Flow:
    """A flow as its writer typed it. Raises FlowError with every problem, its step, field and line."""
    try:
        document, lines = read(text)
    except NotationError as error:
        raise FlowError([Problem(message=error.problem, line=error.line)]) from error
    return parse(document, lines)


def parse(document: Any, lines: Mapping[Path, int] | None = None) -> Flow:
    """A flow that came as JSON. `Any`: nothing is known of it yet. Raises FlowError."""
    lines = lines or {}
    if not isinstance(document, dict):
        raise FlowError([Problem(message="a flow begins with version, name and steps", line=lines.get((), 0))])
    try:
        flow = Flow.model_validate(_whole(migrate(document)))
    except ValidationError as error:
        raise FlowError(explain(error, document, lines)) from error
    except ValueError as error:
        raise FlowError([Problem(field="version", message=str(error), line=lines.get(("version",), 0))]) from error
    problems = check(flow)
    if problems:
        raise FlowError([_with_line(each, lines) for each in problems])
    return flow


def dump(flow: Flow) -> str:
    """The flow as YAML, only what is not said by default. `load(dump(flow)) == flow`."""
    document = flow.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    for written, step in zip(document["steps"], flow.steps, strict=True):
        for kind in ("end", "hand_over"):
            if kind in type(step).model_fields:
                written.setdefault(kind, None)
    return yaml.safe_dump(document, allow_unicode=True, sort_keys=False, width=120)


def _whole(document: dict[str, Any]) -> dict[str, Any]:
    """`- end` and `- hand_over` may stand alone."""
    steps = document.get("steps")
    if not isinstance(steps, list):
        return document
    return document | {"steps": [{each: None} if each in ("end", "hand_over") else each for each in steps]}


def _with_line(problem: Problem, lines: Mapping[Path, int]) -> Problem:
    """Find the line of what a check found: the field's own, else the step's."""
    words: list[str | int] = [int(word) - 1 if word.isdecimal() else word for word in problem.field.split()]
    if problem.step:
        words = ["steps", int(problem.step.split()[1]) - 1, *words]
    path: Path = tuple(words)
    while path and path not in lines:
        path = path[:-1]
    return replace(problem, line=lines.get(path, 0))
