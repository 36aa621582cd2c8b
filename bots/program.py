"""A flow made ready to run: texts compiled, labels turned into places. Made once for each flow object and kept on it."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bots.answers_match import Matcher, Option
from bots.conditions import Condition, compile_case
from bots.flow import END, HAND_OVER, AskStep, Choice, Flow, ForkStep, GotoStep, HandOverStep, SayStep, SetStep, Step, Text
from bots.render import Compiled, compile_text
from bots.session import Button, Priority, Say, Value

TO_END = -1
TO_HAND_OVER = -2

Texts = Mapping[str, Compiled]
"""A text by language; "" is the one to fall back to."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Message:
    """Something to say. `ready`: the whole of it by language, where it has no variables."""

    text: Texts
    choices: tuple[tuple[str, Texts], ...] = ()
    attachments: tuple[Texts, ...] = ()
    ready: Mapping[str, Say] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Saying:
    """say: one message, then on."""

    message: Message
    next: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Asking:
    """ask: waits. `key` names the step in a session; `gotos` are the places of the choices, None: `next`."""

    key: str
    message: Message
    retry: Message
    expects: str
    tries: int
    save_as: str | None
    on_card: str
    again: bool
    matcher: Matcher | None
    ids: tuple[str, ...]
    listen: bool
    gotos: tuple[int | None, ...]
    otherwise: int
    next: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Forking:
    """fork: looks at `name` (and its `part`), goes to the first case that holds."""

    name: str
    part: str
    cases: tuple[tuple[Condition, int], ...]
    otherwise: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """set: (what, name, value) with what one of variable, contact, tag."""

    values: tuple[tuple[str, str, Texts | Value], ...]
    next: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Handing:
    """hand_over: ends the session."""

    team: str | None
    text: Texts | None
    reason: Texts | None
    priority: Priority


@dataclass(frozen=True, kw_only=True, slots=True)
class Going:
    """goto and end: nothing but the way on."""

    next: int


Ready = Saying | Asking | Forking | Setting | Handing | Going


@dataclass(frozen=True, kw_only=True, slots=True)
class Program:
    """`asks` finds a waiting step by its key, `buttons` where a button of any step leads, if all that share its id agree."""

    revision: str
    languages: tuple[str, ...]
    steps: tuple[Ready, ...]
    asks: Mapping[str, Asking]
    buttons: Mapping[str, int]


def program_of(flow: Flow) -> Program:
    """The flow's program; compiled at the first call."""
    program = flow._program
    if not isinstance(program, Program):
        program = _compile(flow)
        flow._program = program
    return program


def revision(flow: Flow) -> str:
    """A fingerprint of what the flow says, whatever its layout."""
    return program_of(flow).revision


def _compile(flow: Flow) -> Program:
    places = {step.label: index for index, step in enumerate(flow.steps) if step.label} | {END: TO_END, HAND_OVER: TO_HAND_OVER}
    steps = tuple(_step(step, index, flow, places) for index, step in enumerate(flow.steps))
    return Program(
        revision=hashlib.sha256(flow.model_dump_json(by_alias=True).encode()).hexdigest()[:16],
        languages=flow.languages,
        steps=steps,
        asks={step.key: step for step in steps if isinstance(step, Asking)},
        buttons=_buttons(flow, places),
    )


def _buttons(flow: Flow, places: Mapping[str, int]) -> dict[str, int]:
    found: dict[str, set[str | None]] = {}
    for step in flow.steps:
        for choice in step.choices if isinstance(step, SayStep | AskStep) else ():
            found.setdefault(choice.id, set()).add(choice.goto)
    return {id_: places[goto] for id_, gotos in found.items() if len(gotos) == 1 for goto in gotos if goto is not None}


def _step(step: Step, index: int, flow: Flow, places: Mapping[str, int]) -> Ready:
    after = index + 1 if index + 1 < len(flow.steps) else TO_END
    goto = getattr(step, "goto", None)
    after = places[goto] if goto else after
    if isinstance(step, SayStep):
        return Saying(message=_message(step.say, step, flow), next=after)
    if isinstance(step, AskStep):
        return _asking(step, index, flow, places, after)
    if isinstance(step, ForkStep):
        return _forking(step, places, after)
    return _plain(step, flow, after)


def _plain(step: SetStep | HandOverStep | GotoStep | Any, flow: Flow, after: int) -> Ready:
    if isinstance(step, SetStep):
        return Setting(values=tuple(_value(name, value, flow) for name, value in step.set.items()), next=after)
    if isinstance(step, HandOverStep):
        text, reason = _optional(step.text, flow), _optional(step.reason, flow)
        return Handing(team=step.hand_over, text=text, reason=reason, priority=step.priority)
    return Going(next=after if isinstance(step, GotoStep) else TO_END)


def _asking(step: AskStep, index: int, flow: Flow, places: Mapping[str, int], after: int) -> Asking:
    """A question without a label is named by what it saves, else by its place, which only holds while the flow is unchanged."""
    labels = [each.label for each in flow.steps] + [each.save_as for each in flow.steps if isinstance(each, AskStep)]
    named_by_save = step.save_as is not None and labels.count(step.save_as) == 1
    options = [Option(id=each.id, titles=_titles(each), words=each.words) for each in step.choices]
    return Asking(
        key=step.label or (str(step.save_as) if named_by_save else f"#{index + 1}"),
        message=_message(step.ask, step, flow),
        retry=_message(step.retry or step.ask, step, flow),
        expects=step.expects,
        tries=step.tries,
        save_as=None if step.on_card else step.save_as,
        on_card=step.on_card,
        again=step.again,
        matcher=Matcher(options) if options else None,
        ids=tuple(each.id for each in step.choices),
        listen=step.listen,
        gotos=tuple(places[each.goto] if each.goto else None for each in step.choices),
        otherwise=places[step.otherwise],
        next=after,
    )


def _titles(choice: Choice) -> tuple[str, ...]:
    return tuple(choice.title.values()) if isinstance(choice.title, dict) else (choice.title,)


def _forking(step: ForkStep, places: Mapping[str, int], after: int) -> Forking:
    name, _, part = step.fork.partition(".")
    cases = tuple((compile_case(case), places[case.goto]) for case in step.cases)
    return Forking(name=name, part=part, cases=cases, otherwise=places[step.else_] if step.else_ else after)


def _message(text: Text, step: SayStep | AskStep, flow: Flow) -> Message:
    message = Message(
        text=_texts(text, flow),
        choices=tuple((each.id, _texts(each.title, flow)) for each in step.choices),
        attachments=tuple(_texts(each, flow) for each in step.attachments),
    )
    return replace(message, ready={language: said for language in flow.languages if (said := _ready(message, language))})


def spoken(texts: Texts, language: str) -> Compiled:
    """The text in this language, else the one to fall back to."""
    return texts.get(language) or texts[""]


def _ready(message: Message, language: str) -> Say | None:
    text = spoken(message.text, language).constant
    titles = [(id_, spoken(title, language).constant) for id_, title in message.choices]
    attachments = [spoken(each, language).constant for each in message.attachments]
    if not text or any(title is None for _, title in titles) or None in attachments:
        return None
    buttons = tuple(Button(id=id_, title=(title or "").strip()) for id_, title in titles)
    return Say(text=text.strip(), choices=buttons, attachments=tuple(each for each in attachments if each))


def _value(name: str, value: Text | Value, flow: Flow) -> tuple[str, str, Texts | Value]:
    what, _, bare = name.rpartition(".")
    return (what or "variable", bare, _texts(value, flow) if isinstance(value, str | dict) else value)


def _optional(text: Text | None, flow: Flow) -> Texts | None:
    return None if text is None else _texts(text, flow)


def _texts(text: Text, flow: Flow) -> Texts:
    """Not strict: what a person has not told prints as nothing."""
    compile_one: Callable[[str], Compiled] = lambda each: compile_text(each, strict=False)  # noqa: E731
    if isinstance(text, str):
        return {"": compile_one(text)}
    return {language: compile_one(each) for language, each in text.items()} | {"": compile_one(text[flow.languages[0]])}
