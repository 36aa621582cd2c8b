"""The language in which marketers write bots: a page of steps, read from top to bottom. `bots.load` reads it from YAML.

    version: 1
    name: welcome
    languages: [ru, en]
    title: {ru: Приветствие, en: Welcome}
    trigger: {first_message: true, keywords: [menu, меню]}
    steps:
      - say: {ru: "Здравствуйте{% if contact.greeting %}, {{ contact.greeting }}{% endif %}!", en: Hello!}
      - ask: {ru: Что вам подсказать?, en: What would you like to know?}
        label: menu
        choices:
          - {id: prices, title: {ru: Цены, en: Prices}, goto: prices}
          - {id: human, title: {ru: Позвать человека, en: Talk to a person}, goto: hand_over}
      - say: {ru: "Доставка 300 ₽", en: "Delivery 300 ₽"}
        label: prices
        goto: menu

A text is one text, or one for each language. `goto` takes a label, `end` or `hand_over`. In texts there are `contact` (name,
language and the company's own fields), `channel`, `tags`, `now`, `hour`, `weekday` (1 is Monday), `open`, `opens_at`, `answer`
(what was last said), `choice` (what was last chosen), and everything that a question saved.
"""

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, PrivateAttr, StringConstraints, Tag

from bots.session import Priority

LANGUAGE_VERSION = 1
END = "end"
HAND_OVER = "hand_over"
BUILT_IN = frozenset({"contact", "channel", "language", "tags", "now", "hour", "weekday", "open", "opens_at", "answer", "choice"})
OURS = frozenset({"contact.number", "contact.greeting"})
"""What a flow can read of the card, but never write."""
FORKED = BUILT_IN | {"segments"}
"""What a fork can look at besides: only a fork, so that it is known from the flow which segments it asks for."""
KINDS = ("say", "ask", "fork", "set", "hand_over", "goto", "end")

ONE, MANY = "one text", "a text for each language"
"""Names of the two forms of a text, as they stand in the locations of validation errors."""

Text = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=4096), Tag(ONE)]
    | Annotated[dict[str, str], Field(min_length=1), Tag(MANY)],
    Discriminator(lambda value: MANY if isinstance(value, dict) else ONE),
]
Label = Annotated[str, StringConstraints(pattern=r"^[\w-]{1,64}$")]
Saved = Annotated[str, StringConstraints(pattern=r"^(contact\.)?[^\W\d]\w{0,63}$")]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")]
Expect = Literal["text", "number", "email", "phone", "date", "choice", "any"]
Scalar = str | int | float | bool


class Part(BaseModel):
    """Base of everything in a flow: nothing unknown is let in, nothing changes afterwards."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, coerce_numbers_to_str=True, str_strip_whitespace=True
    )


class Trigger(Part):
    """When the flow begins by itself: any of these. `hours` and `channels` narrow it down."""

    first_message: bool = Field(False, description="The contact writes for the first time")
    keywords: tuple[str, ...] = Field((), description="A message with one of these words; * at the end stands for any ending")
    start: tuple[str, ...] = Field((), description="The parameter of a link: t.me/bot?start=summer")
    fallback: bool = Field(False, description="Nothing else begins and nobody is responsible")
    hours: Literal["any", "open", "closed"] = Field("any", description="Only in or only outside working hours")
    channels: tuple[str, ...] = Field((), description="Only on these kinds of channel")


class Choice(Part):
    """A button. `words`: what people may write instead of pressing it."""

    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,32}$")]
    title: Text
    words: tuple[str, ...] = ()
    goto: Label | None = None


class _Step(Part):
    label: Label | None = None


class SayStep(_Step):
    """Say something."""

    say: Text
    choices: tuple[Choice, ...] = Field((), max_length=20)
    attachments: tuple[Text, ...] = Field((), max_length=10, description="Addresses of files: https://…")
    goto: Label | None = None


class AskStep(_Step):
    """Ask and wait. `tries` answers that are not understood lead to `otherwise`. Without `expect`: a choice if there are any."""

    ask: Text
    save_as: Saved | None = Field(
        None, description="A variable; or `contact.city`, on the card: then nobody is asked what the card knows"
    )
    again: bool = Field(False, description="Ask also what the card knows")
    choices: tuple[Choice, ...] = Field((), max_length=20)
    attachments: tuple[Text, ...] = Field((), max_length=10)
    expect: Expect | None = None
    tries: int = Field(2, ge=1, le=10)
    retry: Text | None = None
    otherwise: Label = HAND_OVER
    listen: bool = Field(False, description="The message that began the flow may answer this already; then it is not asked")
    goto: Label | None = None

    @property
    def on_card(self) -> str:
        """The name on the card that the answer is saved under; empty: it is saved as a variable, or not at all."""
        return (self.save_as or "").partition("contact.")[2]

    @property
    def expects(self) -> Expect:
        """`expect`, or what follows from the choices."""
        return self.expect or ("choice" if self.choices else "text")


class Case(Part):
    """One way of a fork: taken if all its conditions hold. Texts are compared without case and ё."""

    goto: Label
    eq: Scalar | None = None
    ne: Scalar | None = None
    in_: tuple[Scalar, ...] | None = Field(None, alias="in", min_length=1)
    matches: str | None = Field(None, description="The whole text, * stands for any text, ? for one character")
    words: tuple[str, ...] | None = Field(
        None, min_length=1, description="Any of these words is in it; * at the end for any ending"
    )
    has: str | None = Field(None, description="For tags and segments: this one is among them")
    exists: bool | None = None
    gt: Scalar | None = None
    ge: Scalar | None = None
    lt: Scalar | None = None
    le: Scalar | None = None


class ForkStep(_Step):
    """Go different ways. `fork` names what decides: a variable, contact.city, tags, segments, language, channel, open, hour …"""

    fork: Annotated[str, StringConstraints(pattern=r"^[^\W\d]\w*(\.[^\W\d]\w*)?$")]
    cases: tuple[Case, ...] = Field(min_length=1, max_length=50)
    else_: Label | None = Field(None, alias="else")


class SetStep(_Step):
    """Give values: `city` is a variable, `contact.city` a field of the contact, `tag.vip` a tag (true or false)."""

    set: dict[
        Annotated[str, StringConstraints(pattern=r"^((contact|tag)\.)?[\w -]{1,64}$")], Text | int | float | bool | None
    ] = Field(min_length=1, max_length=50)
    goto: Label | None = None


class HandOverStep(_Step):
    """A person takes over. Without a team the routing rules decide. `text` is for the customer, `reason` for the operator."""

    hand_over: str | None = None
    text: Text | None = None
    reason: Text | None = None
    priority: Priority = "normal"


class GotoStep(_Step):
    """Go on elsewhere."""

    goto: Label


class EndStep(_Step):
    """The flow ends here."""

    end: Literal[True] | None = None


def _kind(value: Any) -> str | None:
    """The word that names the kind of step; `goto` may also be a field, so it comes last. `Any`: not validated yet."""
    if isinstance(value, BaseModel):
        return next((kind for kind in KINDS if kind in type(value).model_fields), None)
    return next((kind for kind in KINDS if kind in value), None) if isinstance(value, dict) else None


Step = Annotated[
    Annotated[SayStep, Tag("say")]
    | Annotated[AskStep, Tag("ask")]
    | Annotated[ForkStep, Tag("fork")]
    | Annotated[SetStep, Tag("set")]
    | Annotated[HandOverStep, Tag("hand_over")]
    | Annotated[GotoStep, Tag("goto")]
    | Annotated[EndStep, Tag("end")],
    Discriminator(_kind),
]


class Flow(Part):
    """A bot's script. Two flows with the same content have the same `revision`, whatever their layout."""

    version: Literal[1]
    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,63}$")]
    title: Text | None = None
    languages: tuple[Language, ...] = Field(("en",), min_length=1)
    trigger: Trigger = Trigger()
    steps: tuple[Step, ...] = Field(min_length=1, max_length=500)

    _program: Any = PrivateAttr(None)
    """What `bots.program` made of it, made once. `Any`: the language does not know its machine."""


def choices_of(step: object) -> tuple[Choice, ...]:
    """The buttons of a step, of whatever kind."""
    return step.choices if isinstance(step, SayStep | AskStep) else ()


def texts_of(step: object) -> list[tuple[str, str | dict[str, str]]]:
    """(field, text) for every text of a step that is rendered."""
    found: list[tuple[str, Any]] = [(name, getattr(step, name, None)) for name in ("say", "ask", "retry", "text", "reason")]
    found += [(f"choices {index} title", each.title) for index, each in enumerate(choices_of(step), 1)]
    found += [(f"attachments {index}", each) for index, each in enumerate(getattr(step, "attachments", ()), 1)]
    if isinstance(step, SetStep):
        found += [(name, value) for name, value in step.set.items()]
    return [(name, text) for name, text in found if isinstance(text, str | dict)]


def is_variable(name: str) -> bool:
    """Whether a `set` name is a plain variable."""
    return re.fullmatch(r"[^\W\d]\w*", name) is not None


def segments_of(flow: Flow) -> dict[str, int]:
    """The segments that forks of the flow ask for, by name, each with the step that asks first."""
    found: dict[str, int] = {}
    for index, step in enumerate(flow.steps):
        for case in step.cases if isinstance(step, ForkStep) and step.fork == "segments" else ():
            for name in (case.has, *(case.in_ or ())):
                if name is not None:
                    found.setdefault(str(name), index)
    return found
