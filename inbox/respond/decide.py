"""Decide what happens in one conversation: the bot answers, or a person must. Pure: facts in, outcome out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from bots.consent import consent
from bots.engine import advance, start
from bots.flow import Flow
from bots.session import Effect, Facts, Finish, HandOver, Heard, Say, Session, SetField, SetTag
from bots.triggers import choose
from inbox.card import told
from inbox.language import guess
from inbox.quality.greeting import greeting
from inbox.respond.facts import Case
from inbox.segments import Filter
from routing.hours import Hours

log = structlog.get_logger()

_CALL = "call"
"""A phone call: its words are ours, and who calls wants a person."""


@dataclass(frozen=True, slots=True)
class Minds:
    """What decides besides the facts: the enabled flows by id, the teams' hours, the company's zone and promise."""

    flows: Mapping[int, tuple[int, Flow]] = field(default_factory=dict)
    """id -> (version, flow)"""
    hours: Hours = field(default_factory=Hours)
    timezone: str = "UTC"
    answer_minutes: int = 15
    segments: Mapping[str, Filter] = field(default_factory=dict)
    """Those that flows name, by name."""


@dataclass(slots=True, kw_only=True)
class Outcome:
    """What becomes of a conversation."""

    replies: list[Say] = field(default_factory=list)
    fields: dict[str, Any] = field(default_factory=dict)
    tags: dict[str, bool] = field(default_factory=dict)
    language: str | None = None
    """Just found out."""
    flow_id: int | None = None
    flow_version: int = 0
    session: Session | None = None
    """To be kept; None: no run of a flow goes on."""
    hand_over: HandOver | None = None
    settled: bool = False
    """Nothing more is to be done: the customer only said stop, or the bot has served them."""


def decide(case: Case, minds: Minds, now: datetime) -> Outcome:
    """The outcome of what was heard. Never raises: a bot that fails hands over."""
    outcome = Outcome()
    outcome.language = None if case.row.language else _language([each for each in case.heard if each.kind != _CALL])
    heard = [message for message in case.heard if _said(message) != "stop"]
    if not heard:
        outcome.settled = True
    elif any(message.kind == _CALL for message in heard):
        outcome.hand_over = HandOver(reason="The customer called")
    elif case.row.bot and not case.stopped:
        _bot_turn(case, heard, minds, now, outcome)
    else:
        outcome.hand_over = HandOver(reason="")
    return outcome


def _said(message: Any) -> str | None:
    return None if message.data and message.data.get("choice") else consent(message.text)


def _language(heard: Sequence[Any]) -> str | None:
    return next((found for message in heard if (found := guess(message.text))), None)


def _bot_turn(case: Case, heard: Sequence[Any], minds: Minds, now: datetime, outcome: Outcome) -> None:
    try:
        _run(case, heard, minds, _facts(case, minds, now, outcome.language), outcome)
    except Exception as error:
        log.exception("a bot failed", conversation=case.id)
        outcome.replies, outcome.session = [], None
        outcome.hand_over = HandOver(reason=f"The bot failed: {type(error).__name__}", cause="broken")


def _facts(case: Case, minds: Minds, now: datetime, language: str | None) -> Facts:
    row = case.row
    zone = _zone(row.timezone or minds.timezone)
    is_open = minds.hours.is_open(now)
    opens_at = None if is_open else minds.hours.opens_at(now)
    return Facts(
        now=now.astimezone(zone), name=row.name or None, language=row.language or language or "", fields=told.known(row),
        tags=case.tags, segments=case.segments, channel=row.channel_kind, open=is_open,
        opens_at=opens_at.astimezone(zone) if opens_at else None,
        greeting=row.greeting, greet=greeting,
    )  # fmt: skip


_ZONES: dict[str, ZoneInfo] = {}


def _zone(name: str) -> ZoneInfo:
    if name not in _ZONES:
        try:
            _ZONES[name] = ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            _ZONES[name] = ZoneInfo("UTC")
    return _ZONES[name]


def _run(case: Case, messages: Sequence[Any], minds: Minds, facts: Facts, outcome: Outcome) -> None:
    """Let the flow hear the messages one after another, until it is over."""
    session, flow = _resume(case, minds, outcome)
    for message in messages:
        heard = _as_heard(message)
        if session is not None and flow is not None:
            turn = advance(flow, session, heard, facts)
        else:
            flow = _begin(case, message, heard, minds, facts, outcome)
            if flow is None:
                outcome.hand_over = HandOver(reason="")
                return
            turn = start(flow, facts, heard)
        session = None if turn.session.done else turn.session
        outcome.session = session
        for effect in turn.effects:
            _apply(effect, outcome)
        if outcome.hand_over is not None:
            return


def _resume(case: Case, minds: Minds, outcome: Outcome) -> tuple[Session | None, Flow | None]:
    """The run that goes on, with the newest version of its flow. A flow that was switched off ends its runs."""
    if case.session is None or case.session.flow_id not in minds.flows:
        return None, None
    outcome.flow_id = case.session.flow_id
    outcome.flow_version, flow = minds.flows[case.session.flow_id]
    return Session.from_json(case.session.state), flow


def _begin(case: Case, message: Any, heard: Heard, minds: Minds, facts: Facts, outcome: Outcome) -> Flow | None:
    first = case.row.met_at >= case.row.opened_at
    link = (message.data or {}).get("start") or ""
    flow = choose([flow for _, flow in minds.flows.values()], heard, facts, first=first, start=link)
    if flow is None:
        return None
    outcome.flow_id = next(flow_id for flow_id, (_, known) in minds.flows.items() if known is flow)
    outcome.flow_version = minds.flows[outcome.flow_id][0]
    return flow


def _as_heard(message: Any) -> Heard:
    data = message.data or {}
    return Heard(text=message.text, choice=data.get("choice"), kind=message.kind)


def _apply(effect: Effect, outcome: Outcome) -> None:
    match effect:
        case Say():
            outcome.replies.append(effect)
        case SetField(name=name, value=value):
            outcome.fields[name] = value
        case SetTag(name=name, on=on):
            outcome.tags[name] = on
        case HandOver():
            outcome.hand_over = effect
        case Finish():
            outcome.settled = True
