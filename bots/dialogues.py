"""Dialogue tests: what is heard and what the flow must say, written beside the flow by whoever writes the flow.

    flow: welcome
    language: en
    dialogues:
      - about: Somebody asks for prices
        contact: {name: Anna}
        talk:
          - says: [Hello Anna!, What would you like to know?]
            choices: [Prices, Opening hours, Talk to a person]
          - heard: "1"
          - says: [Delivery costs 300 ₽.]
          - does: [set city = Riga, tag vip, hand over (not_understood)]

A turn's messages and effects must all be named, in order. `does` has `set NAME = VALUE`, `tag NAME`, `untag NAME`, `finish`,
`hand over` with the team and, if the flow did not say it, the cause in brackets.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pydantic import Field, ValidationError

from bots.engine import advance, start
from bots.flow import Flow, Part
from bots.notation import read
from bots.problems import FlowError, explain
from bots.session import Effect, Facts, Finish, HandOver, Heard, Say, SetField, SetTag, Turn, Value


class Line(Part):
    """Either something heard, or what the flow then says and does."""

    heard: str | None = None
    pressed: str | None = Field(None, description="The id of a button")
    kind: str = Field("text", description="What came: text, image, voice, location …")
    says: tuple[str, ...] = ()
    choices: tuple[str, ...] | None = Field(None, description="Titles of the last message's buttons")
    does: tuple[str, ...] = ()

    @property
    def is_heard(self) -> bool:
        """The person's line, not the flow's."""
        return self.heard is not None or self.pressed is not None or self.kind != "text"


class Contact(Part):
    """Who talks."""

    name: str | None = None
    fields: dict[str, Value] = Field(default_factory=dict)
    tags: tuple[str, ...] = ()
    segments: tuple[str, ...] = Field((), description="Segments that they are in")


class Dialogue(Part):
    """One conversation with the flow."""

    about: str
    begins: str = Field("", description="The message that begins the flow")
    contact: Contact = Contact()
    channel: str = "telegram"
    open: bool = True
    now: datetime = Field(datetime.fromisoformat("2026-03-02T12:00:00+03:00"))
    opens_at: datetime | None = Field(None)
    talk: tuple[Line, ...] = Field(min_length=1)


class Script(Part):
    """All dialogues of one flow in one language."""

    flow: str
    language: str
    dialogues: tuple[Dialogue, ...] = Field(min_length=1)


def read_script(text: str) -> Script:
    """Read dialogue tests from YAML. Raises FlowError or NotationError."""
    document, lines = read(text)
    try:
        return Script.model_validate(document)
    except ValidationError as error:
        raise FlowError(explain(error, document, lines)) from error


def differences(flow: Flow, dialogue: Dialogue, language: str) -> list[str]:
    """Play the dialogue: what came otherwise than written, nothing if all is as it should be."""
    played = play(flow, dialogue, language)
    return [f"after {_quote(heard)}: {each}" for heard, wanted, turn in played for each in _compare(turn, wanted)]


def play(flow: Flow, dialogue: Dialogue, language: str) -> Iterator[tuple[Line | None, list[Line], Turn]]:
    """(what was heard, what is expected, what the flow did), turn by turn; at the start nothing was heard."""
    facts = Facts(
        now=dialogue.now,
        name=dialogue.contact.name,
        language=language,
        fields=dialogue.contact.fields,
        tags=frozenset(dialogue.contact.tags),
        segments=frozenset(dialogue.contact.segments),
        channel=dialogue.channel,
        open=dialogue.open,
        opens_at=dialogue.opens_at,
    )
    begun = Heard(text=dialogue.begins) if dialogue.begins else None
    turn = start(flow, facts, begun)
    for heard, wanted in _exchanges(dialogue.talk):
        facts = learned(facts, turn.effects)
        if heard is not None:
            turn = advance(flow, turn.session, _heard(heard, turn), facts)
        yield heard, wanted, turn


def learned(facts: Facts, effects: Sequence[Effect]) -> Facts:
    """What is known of the contact after the effects were carried out."""
    for effect in effects:
        if isinstance(effect, SetTag):
            facts = replace(facts, tags=facts.tags | {effect.name} if effect.on else facts.tags - {effect.name})
        elif isinstance(effect, SetField) and effect.name in ("name", "language"):
            facts = replace(facts, **{effect.name: str(effect.value or "")})  # type: ignore[arg-type]  # both are texts
        elif isinstance(effect, SetField):
            facts = replace(facts, fields={**facts.fields, effect.name: effect.value})
    return facts


def _exchanges(talk: Sequence[Line]) -> Iterator[tuple[Line | None, list[Line]]]:
    """(what was heard, what must follow), beginning with what the flow says by itself."""
    heard: Line | None = None
    wanted: list[Line] = []
    for line in talk:
        if line.is_heard:
            yield heard, wanted
            heard, wanted = line, []
        else:
            wanted.append(line)
    yield heard, wanted


def _heard(line: Line, turn: Turn) -> Heard:
    """A pressed button comes with its title, as on real channels."""
    shown = [button for effect in turn.effects if isinstance(effect, Say) for button in effect.choices]
    title = next((button.title for button in shown if button.id == line.pressed), "")
    return Heard(text=line.heard or title, choice=line.pressed, kind=line.kind, attachments=int(line.kind != "text"))


def _quote(line: Line | None) -> str:
    return "the start" if line is None else repr(line.heard or line.pressed or line.kind)


def _compare(turn: Turn, wanted: Sequence[Line]) -> Iterator[str]:
    said = [effect for effect in turn.effects if isinstance(effect, Say)]
    for what, expected, found in (
        ("says", [text for line in wanted for text in line.says], [each.text for each in said]),
        (
            "does",
            [each for line in wanted for each in line.does],
            [did(each) for each in turn.effects if not isinstance(each, Say)],
        ),
        *(
            ("choices", list(line.choices), [button.title for button in said[-1].choices] if said else [])
            for line in wanted
            if line.choices is not None
        ),
    ):
        if expected != found:
            yield f"{what} {found}, not {expected}"


def did(effect: Effect) -> str:
    """An effect as dialogue tests write it."""
    shown: dict[type[Any], str] = {Finish: "finish"}
    if isinstance(effect, SetField):
        return f"set {effect.name} = {effect.value}"
    if isinstance(effect, SetTag):
        return f"{'tag' if effect.on else 'untag'} {effect.name}"
    if isinstance(effect, HandOver):
        return " ".join(
            part for part in ("hand over", effect.team, f"({effect.cause})" if effect.cause != "step" else "") if part
        )
    return shown.get(type(effect), type(effect).__name__)
