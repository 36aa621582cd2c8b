"""What no single step can know: labels that lead nowhere, steps nobody reaches, variables nobody saves, languages left out."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator

from bots.flow import (
    BUILT_IN,
    END,
    FORKED,
    HAND_OVER,
    OURS,
    AskStep,
    EndStep,
    Flow,
    ForkStep,
    GotoStep,
    HandOverStep,
    SetStep,
    choices_of,
    is_variable,
    texts_of,
)
from bots.problems import Problem, step_name, suggestion
from bots.render import Compiled, RenderError, compile_text

_ADDRESS = re.compile(r"(https?://|\{\{)")
_CONDITIONS = ("eq", "ne", "in_", "matches", "words", "has", "exists", "gt", "ge", "lt", "le")
_NAMING = {"has", "in_"}


def check(flow: Flow) -> list[Problem]:
    """Everything that is wrong between the steps, in their order."""
    found = [
        *_labels(flow),
        *_targets(flow),
        *_unreachable(flow),
        *_variables(flow),
        *_questions(flow),
        *_addresses(flow),
        *_languages(flow),
    ]
    return sorted(found, key=lambda each: _number(each.step))


def _number(step: str) -> int:
    digits = re.search(r"\d+", step)
    return int(digits[0]) if digits else 0


def _at(flow: Flow, index: int, field: str, message: str) -> Problem:
    return Problem(step=step_name(index, flow.steps[index].label), field=field, message=message)


def _labels(flow: Flow) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, step in enumerate(flow.steps):
        if step.label in (END, HAND_OVER):
            yield _at(flow, index, "label", f"{step.label!r} is a word of the language; choose another label")
        elif step.label in seen:
            yield _at(flow, index, "label", f"step {seen[step.label] + 1} is called {step.label!r} already")
        elif step.label:
            seen[step.label] = index


def targets(step: object) -> Iterator[tuple[str, str]]:
    """(field, label) of everything a step names to go on with."""
    if isinstance(step, AskStep):
        yield "otherwise", step.otherwise
    if isinstance(step, ForkStep):
        yield from ((f"cases {number} goto", case.goto) for number, case in enumerate(step.cases, 1))
        if step.else_:
            yield "else", step.else_
    for number, choice in enumerate(choices_of(step), 1):
        if choice.goto:
            yield f"choices {number} goto", choice.goto
    goto = getattr(step, "goto", None)
    if goto:
        yield "goto", goto


def _targets(flow: Flow) -> Iterator[Problem]:
    known = {step.label for step in flow.steps if step.label} | {END, HAND_OVER}
    for index, step in enumerate(flow.steps):
        for field, label in targets(step):
            if label not in known:
                yield _at(flow, index, field, f"there is no step called {label!r}{suggestion(label, sorted(known))}")


def falls_through(step: object) -> bool:
    """Whether the next step in the text can follow."""
    if isinstance(step, GotoStep | EndStep | HandOverStep) or getattr(step, "goto", None):
        return False
    if isinstance(step, ForkStep):
        return step.else_ is None
    if isinstance(step, AskStep) and step.expects == "choice":
        return not step.choices or any(choice.goto is None for choice in step.choices)
    return True


def _unreachable(flow: Flow) -> Iterator[Problem]:
    where = {step.label: index for index, step in enumerate(flow.steps) if step.label}
    reached: set[int] = set()
    ahead = [0]
    while ahead:
        index = ahead.pop()
        if index in reached or index >= len(flow.steps):
            continue
        reached.add(index)
        step = flow.steps[index]
        ahead += [where[label] for _, label in targets(step) if label in where]
        if falls_through(step):
            ahead.append(index + 1)
    for index in range(len(flow.steps)):
        if index not in reached and (index == 0 or index - 1 in reached):  # what follows such a step is not another mistake
            yield _at(flow, index, "", "nothing leads here: no step before it goes on to it and no goto names it")


def _saved(flow: Flow) -> set[str]:
    saved = {step.save_as for step in flow.steps if isinstance(step, AskStep) and step.save_as and not step.on_card}
    return saved | {name for step in flow.steps if isinstance(step, SetStep) for name in step.set if is_variable(name)}


def _variables(flow: Flow) -> Iterator[Problem]:
    known = _saved(flow) | BUILT_IN
    for index, step in enumerate(flow.steps):
        for field, name in _own(step):
            if name in FORKED | OURS:
                yield _at(flow, index, field, f"{name!r} is there already and cannot be changed; choose another name")
        if isinstance(step, ForkStep) and step.fork.split(".")[0] not in known | FORKED:
            yield _at(flow, index, "fork", _unknown(step.fork, known | FORKED))
        for field, text in texts_of(step):
            yield from (_at(flow, index, field, message) for message in _text_problems(text, known))


def _own(step: object) -> Iterator[tuple[str, str]]:
    if isinstance(step, AskStep) and step.save_as:
        yield "save_as", step.save_as
    if isinstance(step, SetStep):
        yield from (("set", name) for name in step.set)


def _text_problems(text: str | dict[str, str], known: set[str] | frozenset[str]) -> Iterator[str]:
    for language, each in _by_language(text).items():
        before = f"{language}: " if language else ""
        try:
            compiled = compile_text(each, strict=False)
        except RenderError as error:
            yield f"{before}{error}"
        else:
            yield from (before + _unknown(name, known) for name in sorted(compiled.names - known))
            yield from (before + problem for problem in _method(compiled))


def _unknown(name: str, known: Iterable[str]) -> str:
    return f"nothing is saved as {name!r}{suggestion(name, sorted(known))}"


def _method(compiled: Compiled) -> Iterator[str]:
    """`{{ city.name }}` prints nothing: only the contact, times and loops have parts."""
    for name, part in sorted(compiled.parts):
        if name in ("channel", "language", "tags", "hour", "weekday", "answer", "choice", "open"):
            yield f"{name!r} has no {part!r}"


def _questions(flow: Flow) -> Iterator[Problem]:
    for index, step in enumerate(flow.steps):
        if isinstance(step, AskStep) and step.expects == "choice" and not step.choices:
            yield _at(flow, index, "choices", "the question expects a choice, but there are no choices")
        for id_, count in Counter(choice.id for choice in choices_of(step)).items():
            if count > 1:
                yield _at(flow, index, "choices", f"{count} choices have the id {id_!r}; each needs its own")
        if isinstance(step, ForkStep):
            yield from (_at(flow, index, f"cases {number}", each) for number, each in _cases(step))


def _cases(step: ForkStep) -> Iterator[tuple[int, str]]:
    for number, case in enumerate(step.cases, 1):
        said = {name for name in _CONDITIONS if getattr(case, name) is not None}
        if not said:
            yield number, "has no condition: say eq, in, matches, gt … or use else"
        elif step.fork == "segments" and not said <= _NAMING:
            yield number, "segments are asked for by name: say has or in"


def _addresses(flow: Flow) -> Iterator[Problem]:
    for index, step in enumerate(flow.steps):
        for field, text in texts_of(step):
            if field.startswith("attachments") and not all(map(_ADDRESS.match, _by_language(text).values())):
                yield _at(flow, index, field, "an address begins with https://")


def _by_language(text: str | dict[str, str]) -> dict[str, str]:
    return text if isinstance(text, dict) else {"": text}


def _languages(flow: Flow) -> Iterator[Problem]:
    if len(set(flow.languages)) < len(flow.languages):
        yield Problem(field="languages", message="a language is named twice")
    for message in _translations(flow.title, flow):
        yield Problem(field="title", message=message)
    for index, step in enumerate(flow.steps):
        for field, text in texts_of(step):
            yield from (_at(flow, index, field, message) for message in _translations(text, flow))


def _translations(text: str | dict[str, str] | None, flow: Flow) -> Iterator[str]:
    if not isinstance(text, dict):
        return
    missing = [each for each in flow.languages if not text.get(each, "").strip()]
    if missing:
        yield f"no text for {', '.join(missing)}"
    for extra in sorted(text.keys() - set(flow.languages)):
        yield f"{extra!r} is not among the flow's languages ({', '.join(flow.languages)})"
