"""What goes into a bot's turn and what comes out of it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bots.card import by_name

Value = str | int | float | bool | None
"""What a variable or a contact's field can hold: JSON's plain values."""

Priority = Literal["low", "normal", "high", "urgent"]
Cause = Literal["step", "not_understood", "too_many_steps", "flow_changed", "broken"]
"""step: the flow says so; broken: the flow failed while it ran (a template that could not be rendered)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """What the bot knows when it decides. `now` is aware, in the contact's zone; `channel` is the channel's kind.

    `open`: the team is at work now; `opens_at`: when it will be, where known, in the contact's zone.
    """

    now: datetime
    name: str | None = None
    language: str = ""
    fields: Mapping[str, Value] = field(default_factory=dict)
    tags: frozenset[str] = frozenset()
    segments: frozenset[str] = frozenset()
    """Of the segments that the flow names, those the contact is in."""
    channel: str = ""
    country: str = ""
    """ISO 3166 of the contact, for phone numbers typed without +; empty: guessed from the language."""
    open: bool = True
    opens_at: datetime | None = None
    greeting: str | None = None
    """How a person wants the contact greeted; None: as `greet` makes it of the name."""
    greet: Callable[[str], str] = by_name


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """What the person answered. `choice` is the id of a pressed button, `kind` that of the inbound message."""

    text: str = ""
    choice: str | None = None
    kind: str = "text"
    attachments: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Session:
    """One run of a flow. `revision` is the flow's content when it last ran, `where` the step that waits, `awaiting` what for."""

    flow: str
    revision: str
    started: datetime
    where: str = ""
    awaiting: str = ""
    """What the waiting question expects (text, number, choice ...); empty: the session is over."""
    tries: int = 0
    """How many answers to the waiting question were not understood."""
    variables: Mapping[str, Value] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Nothing is awaited any more."""
        return not self.awaiting

    def to_json(self) -> str:
        """One line of JSON."""
        written = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(written | {"started": self.started.isoformat(), "variables": dict(self.variables)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> "Session":
        """The inverse of `to_json`. Raises ValueError on anything else."""
        try:
            stored = json.loads(text)
            return cls(**stored | {"started": datetime.fromisoformat(stored["started"])})
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError("this is no session") from error


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """A choice to show: its `id` comes back in `Heard.choice`."""

    id: str
    title: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Say:
    """A message to the person. `attachments` are public addresses."""

    text: str
    choices: tuple[Button, ...] = ()
    attachments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SetField:
    """A field of the contact gets a value; None empties it."""

    name: str
    value: Value


@dataclass(frozen=True, kw_only=True, slots=True)
class SetTag:
    """A tag is put on the contact, or taken off."""

    name: str
    on: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class HandOver:
    """A person takes over. `team` is the name written in the flow, None: by the routing rules. `reason` is for the operator."""

    team: str | None = None
    reason: str = ""
    priority: Priority = "normal"
    cause: Cause = "step"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finish:
    """The flow came to its end; nobody needs to do anything."""


Effect = Say | SetField | SetTag | HandOver | Finish


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """What the bot decided: the session to keep and the effects to carry out, in order. A HandOver or Finish is the last one."""

    session: Session
    effects: tuple[Effect, ...]
