"""What is wrong with a flow, in words that its writer understands: where, which field, what to do."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from bots import flow as language
from bots.notation import Path

_WORDS = {
    "missing": "is missing",
    "string_type": "a text was expected; numbers and words like true need quotes",
    "tuple_type": "a list was expected: begin each line with a dash",
    "dict_type": "names with values were expected",
    "model_type": "names with values were expected",
    "model_attributes_type": "names with values were expected",
    "union_tag_not_found": f"a step begins with one of {', '.join(language.KINDS)}",
    "union_tag_invalid": f"a step begins with one of {', '.join(language.KINDS)}",
    "string_too_short": "is empty",
    "too_short": "is empty",
}
_PATTERNS = {
    "label": "a label has letters, digits, - and _, at most 64",
    "goto": "a label has letters, digits, - and _, at most 64",
    "save_as": "a name begins with a letter and has letters, digits and _; on the card it is contact.city",
    "id": "an id has Latin letters, digits, - and _, at most 32",
    "name": "a name has small Latin letters, digits, - and _",
    "languages": "a language is written like ru, en or pt-BR",
    "fork": "name what decides: a variable, contact.city, tags, language, channel, choice, answer, open, hour",
}
_MODELS: dict[str, type[language.Part]] = {
    "say": language.SayStep,
    "ask": language.AskStep,
    "fork": language.ForkStep,
    "set": language.SetStep,
    "hand_over": language.HandOverStep,
    "goto": language.GotoStep,
    "end": language.EndStep,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing to mend. `step`: "step 3 (menu)", empty for the flow as a whole; `line` counts from 1, 0: unknown."""

    step: str = ""
    field: str = ""
    message: str
    line: int = 0

    def __str__(self) -> str:
        place = ", ".join(part for part in (f"line {self.line}" if self.line else "", self.step, self.field) if part)
        return f"{place}: {self.message}" if place else self.message


class FlowError(ValueError):
    """A flow that cannot be used, with everything that is wrong with it."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


def step_name(index: int, label: object) -> str:
    """What a step is called in messages; counted from 1."""
    return f"step {index + 1} ({label})" if label else f"step {index + 1}"


def suggestion(wrong: str, known: Iterable[str]) -> str:
    """`; did you mean …?`, if anything is near."""
    near = get_close_matches(wrong, [each for each in known if each], n=1, cutoff=0.6)
    return f"; did you mean {near[0]!r}?" if near else ""


def explain(error: ValidationError, document: Any, lines: Mapping[Path, int]) -> list[Problem]:
    """Pydantic's errors in our words. `Any`: the document is what was written, of any shape."""
    found = [_explain(each, document, lines) for each in error.errors(include_url=False)]
    return list({(each.step, each.field): each for each in reversed(found)}.values())[::-1]


def _explain(error: ErrorDetails, document: Any, lines: Mapping[Path, int]) -> Problem:
    path = _written(error["loc"], document)
    step, field = "", path
    if path[:1] == ("steps",) and len(path) > 1 and isinstance(path[1], int):
        written = document["steps"][path[1]]
        step, field = step_name(path[1], written.get("label") if isinstance(written, dict) else None), path[2:]
    name = " ".join(str(part + 1 if isinstance(part, int) else part) for part in field)
    return Problem(step=step, field=name, message=_message(error, path), line=_line(path, lines))


def _written(loc: tuple[int | str, ...], document: Any) -> Path:
    """Pydantic's location without the tags of unions, which nobody wrote."""
    path: Path = ()
    skip_kind = loc[:1] == ("steps",)
    for position, part in enumerate(loc):
        if (skip_kind and position == 2 and part in language.KINDS) or part in (language.ONE, language.MANY):
            continue
        if isinstance(part, str) and (part in ("int", "float", "bool", "str") or "[" in part):
            continue
        path = (*path, part)
    return path


def _line(path: Path, lines: Mapping[Path, int]) -> int:
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 0)


def _message(error: ErrorDetails, path: Path) -> str:
    kind = error["type"]
    last = next((part for part in reversed(path) if isinstance(part, str)), "")
    if kind == "extra_forbidden":
        return f"there is no {last!r} here{suggestion(last, _known(error['loc']))}"
    if kind == "string_pattern_mismatch":
        return _PATTERNS.get(last, "has characters that cannot be used here")
    if kind == "literal_error":
        if last == "version":
            return "write version: 1"
        return f"must be one of {error['ctx']['expected']}"
    return _WORDS.get(kind, error["msg"][:1].lower() + error["msg"][1:])


def _known(loc: tuple[int | str, ...]) -> list[str]:
    """The fields that exist where one was made up."""
    model: type[language.Part] = language.Flow
    if loc[:1] == ("steps",) and len(loc) > 2:
        model = _MODELS.get(str(loc[2]), language.Flow)
    for name, part in (("trigger", language.Trigger), ("choices", language.Choice), ("cases", language.Case)):
        if name in loc[:-1]:
            model = part
    return [field.alias or name for name, field in model.model_fields.items()]
