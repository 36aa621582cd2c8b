"""Run a flow: what is known and heard goes in, what to say and do comes out. Nothing is kept here and nothing is sent."""

from collections.abc import Callable
from typing import Any

from bots.card import Card
from bots.expect import understand
from bots.flow import Flow
from bots.program import (
    TO_END,
    TO_HAND_OVER,
    Asking,
    Forking,
    Going,
    Handing,
    Message,
    Program,
    Ready,
    Saying,
    Setting,
    Texts,
    program_of,
    spoken,
)
from bots.render import RenderError
from bots.session import Button, Cause, Effect, Facts, Finish, HandOver, Heard, Say, Session, SetField, SetTag, Turn, Value

MAX_STEPS = 100
"""Steps in one turn; a flow that goes round in circles is handed over."""

MAX_ANSWER = 4096
"""Characters of an answer that are looked at and kept."""

REASONS: dict[Cause, str] = {
    "step": "The bot handed over",
    "not_understood": "The bot did not understand the customer",
    "too_many_steps": f"The flow went on for {MAX_STEPS} steps without asking anything",
    "flow_changed": "The flow was changed while this dialogue was running",
    "broken": "The flow failed",
}
_WAIT = -3


def start(flow: Flow, facts: Facts, heard: Heard | None = None) -> Turn:
    """The flow's first turn. `heard` is the message that began it, if one did: a question that listens takes it as its answer."""
    program = program_of(flow)
    session = Session(flow=flow.name, revision=program.revision, started=facts.now)
    run = _Run(program, session, facts)
    if heard is not None:
        run.heard = heard
        run.variables["answer"] = heard.text[:MAX_ANSWER]
    return run.go(0)


def advance(flow: Flow, session: Session, heard: Heard, facts: Facts) -> Turn:
    """The next turn. A session that is over stays over: no effects. The flow is the newest one of the session's name."""
    if session.done:
        return Turn(session=session, effects=())
    program = program_of(flow)
    run = _Run(program, session, facts)
    asking = program.asks.get(session.where)
    by_place = session.where.startswith("#")
    if asking is None or flow.name != session.flow or (by_place and session.revision != program.revision):
        return run.hand_over("flow_changed")
    return run.hear(asking, heard)


class _Run:
    """One turn while it is being decided."""

    def __init__(self, program: Program, session: Session, facts: Facts) -> None:
        self.program = program
        self.session = session
        self.facts = facts
        self.variables: dict[str, Value] = dict(session.variables)
        self.effects: list[Effect] = []
        told = {**facts.fields, "name": facts.name, "language": facts.language}
        self.contact: dict[str, Value] = Card(told, facts.greeting, facts.greet)
        self.tags = facts.tags
        self.where = ""
        self.awaiting = ""
        self.heard: Heard | None = None
        self.cause: Cause = "step"
        self.language = self._language()

    def hear(self, asking: Asking, heard: Heard) -> Turn:
        """What the answer leads to."""
        self.variables["answer"] = heard.text[:MAX_ANSWER]
        if heard.choice is not None and heard.choice not in asking.ids and heard.choice in self.program.buttons:
            self.variables["choice"] = heard.choice
            return self.go(self.program.buttons[heard.choice])
        place = self.understand(asking, heard)
        return self._again(asking) if place is None else self.go(place)

    def understand(self, asking: Asking, heard: Heard) -> int | None:
        """Save the answer; where it leads, None if it is none."""
        index = asking.matcher.find(heard.text[:MAX_ANSWER], heard.choice) if asking.matcher else None
        value: Value = None
        if index is not None:
            value = self.variables["choice"] = asking.ids[index]
        elif asking.expects != "choice":
            value = understand(asking.expects, heard, self.facts)
        if value is None:
            return None
        if asking.save_as:
            self.variables[asking.save_as] = value
        if asking.on_card:
            self.learn(asking.on_card, value)
        return _after(asking, index)

    def knows(self, asking: Asking) -> int | None:
        """Where it leads that the card knows the answer; None if it does not, or one that is no longer offered."""
        value = self.contact.get(asking.on_card) if asking.on_card and not asking.again else None
        if value in (None, ""):
            return None
        if asking.expects != "choice":
            return asking.next
        if value not in asking.ids:
            return None
        self.variables["choice"] = value
        return _after(asking, asking.ids.index(value))

    def _again(self, asking: Asking) -> Turn:
        tries = self.session.tries + 1
        if tries >= asking.tries:
            self.cause = "not_understood"
            return self.go(asking.otherwise)
        try:
            self.say(asking.retry)
        except RenderError as error:
            return self.hand_over("broken", str(error))
        self.where, self.awaiting = asking.key, asking.expects
        return self._turn(tries)

    def go(self, place: int) -> Turn:
        """Take steps from here until one waits or the flow is over."""
        steps = self.program.steps
        try:
            for _ in range(MAX_STEPS):
                if place < 0:
                    return self._arrive(place)
                step = steps[place]
                place = _TAKE[type(step)](self, step)
            return self._arrive(place) if place < 0 else self._circle()
        except RenderError as error:
            return self.hand_over("broken", str(error))

    def _circle(self) -> Turn:
        """Whatever was said again and again is said once."""
        self.effects = list(dict.fromkeys(self.effects))
        return self.hand_over("too_many_steps")

    def _arrive(self, place: int) -> Turn:
        if place == TO_HAND_OVER and not (self.effects and isinstance(self.effects[-1], HandOver)):
            return self.hand_over(self.cause)
        if place == TO_END:
            self.effects.append(Finish())
        return self._turn(0)

    def hand_over(self, cause: Cause, detail: str = "") -> Turn:
        """A person takes over, with what was already said left said."""
        reason = f"{REASONS[cause]}: {detail}" if detail else REASONS[cause]
        self.where = self.awaiting = ""
        self.effects.append(HandOver(reason=reason, cause=cause))
        return self._turn(0)

    def _turn(self, tries: int) -> Turn:
        session = Session(
            flow=self.session.flow,
            revision=self.program.revision,
            started=self.session.started,
            where=self.where,
            awaiting=self.awaiting,
            tries=tries,
            variables=self.variables,
        )
        return Turn(session=session, effects=tuple(self.effects))

    def say(self, message: Message) -> None:
        """Render and keep a message; one that comes out empty is not said."""
        ready = message.ready.get(self.language)
        if ready is not None:
            self.effects.append(ready)
            return
        text = self.text(message.text).strip()
        attachments = tuple(self.text(each) for each in message.attachments)
        if text or attachments:
            choices = tuple(Button(id=id_, title=self.text(title).strip()) for id_, title in message.choices)
            self.effects.append(Say(text=text, choices=choices, attachments=attachments))

    def text(self, texts: Texts) -> str:
        """The text in the contact's language."""
        compiled = spoken(texts, self.language)
        return compiled.render(self.seen()) if compiled.constant is None else compiled.constant

    def seen(self) -> dict[str, Any]:
        """All that texts and forks can name. `Any`: templates take every type."""
        now = self.facts.now
        return {
            **self.variables,
            "contact": self.contact,
            "channel": self.facts.channel,
            "language": self.language,
            "tags": self.tags,
            "segments": self.facts.segments,
            "now": now,
            "hour": now.hour,
            "weekday": now.isoweekday(),
            "open": self.facts.open,
            "opens_at": self.facts.opens_at,
        }

    def learn(self, name: str, value: Value) -> None:
        """Something for the card; with the language the flow goes on in that."""
        self.effects.append(SetField(name=name, value=value))
        self.contact[name] = value
        if name == "language":
            self.language = self._language()

    def _language(self) -> str:
        """The contact's language as the flow spells it, else the flow's first."""
        wanted, spoken = str(self.contact["language"] or ""), self.program.languages
        if wanted in spoken:
            return wanted
        short = wanted.replace("_", "-").lower().split("-")[0]
        return next((each for each in spoken if each.lower().split("-")[0] == short), spoken[0])


def _saying(run: _Run, step: Saying) -> int:
    run.say(step.message)
    return step.next


def _after(asking: Asking, index: int | None) -> int:
    goto = asking.gotos[index] if index is not None else None
    return asking.next if goto is None else goto


def _asking(run: _Run, step: Asking) -> int:
    known = run.knows(step)
    if known is not None:
        return known
    if step.listen and run.heard is not None:
        heard, run.heard = run.heard, None
        place = run.understand(step, heard)
        if place is not None:
            return place
    run.say(step.message)
    run.where, run.awaiting = step.key, step.expects
    return _WAIT


def _forking(run: _Run, step: Forking) -> int:
    value = run.seen().get(step.name)
    if step.part:
        value = value.get(step.part) if isinstance(value, dict) else None
    return next((place for holds, place in step.cases if holds(value)), step.otherwise)


def _setting(run: _Run, step: Setting) -> int:
    for what, name, given in step.values:
        value: Any = run.text(given).strip() if isinstance(given, dict) else given
        if what == "variable":
            run.variables[name] = _counted(value)
        elif what == "contact":
            run.learn(name, value)
        else:
            on = value not in (False, None, "", "false")
            run.tags = run.tags | {name} if on else run.tags - {name}
            run.effects.append(SetTag(name=name, on=on))
    return step.next


def _counted(value: Value) -> Value:
    """What is written like a whole number is one, so that it can be added to; what prints otherwise (007) stays a text."""
    if isinstance(value, str) and len(value) <= 15 and value.removeprefix("-").isascii() and value.removeprefix("-").isdecimal():
        return int(value) if str(int(value)) == value else value
    return value


def _handing(run: _Run, step: Handing) -> int:
    text = run.text(step.text).strip() if step.text else ""
    if text:
        run.effects.append(Say(text=text))
    reason = run.text(step.reason).strip() if step.reason else ""
    run.effects.append(HandOver(team=step.team, reason=reason or REASONS[run.cause], priority=step.priority, cause=run.cause))
    return TO_HAND_OVER


def _going(run: _Run, step: Going) -> int:
    return step.next


_TAKE: dict[type[Ready], Callable[[_Run, Any], int]] = {
    Saying: _saying,
    Asking: _asking,
    Forking: _forking,
    Setting: _setting,
    Handing: _handing,
    Going: _going,
}
"""How each kind of step is taken: it returns the next place. `Any`: the table is what ties the types together."""
