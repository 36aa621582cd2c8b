"""Stop 4: claim -> fit -> send -> note. A message is `sending` on disk before the provider is called, never sent blindly again.

Each channel has its own lane of senders, so that a slow or broken one delays no other; what its limit (`delivery.limits`) does
not let through goes back into the queue, and one that fails is left alone for a while (`delivery.breaker`). Within a conversation
messages go one after another, in their order. Lower priorities overtake: an operator's reply does not wait for a broadcast.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from prometheus_client import Counter

from channels.base import Blocked, ChannelError, Misconfigured, OutgoingMessage, Refused, Retry, Sent, Throttled, Unknown
from channels.fit import fit
from inbox.accounts import Accounts, Line
from inbox.db import Database, DatabaseDown
from inbox.delivery import breaker, outbox
from inbox.delivery.breaker import Breaker, Verdict
from inbox.delivery.limits import Ask, Limit, Limits, limit_of
from inbox.delivery.noting import Result, note
from inbox.delivery.outbox import Loaded, Room

log = structlog.get_logger()
SENT = Counter("switchboard_messages_sent_total", "Calls to providers that send a message", ["kind", "outcome"])

SEND_SECONDS = 30.0
PATIENCE = 5.0
"""Seconds that a worker which ends waits for its providers: less than its supervisor waits for it (`supervise.GRACE`)."""
SEND_FILES_SECONDS = 120.0
"""Time-outs of one call; a message with attachments may have to be uploaded."""
PAUSES = (2, 5, 15, 60, 300, 900, 3600)
"""Seconds before the next try, by the number of tries so far; after the last the message fails."""
TRIES_IN_OUTAGE = 30
"""Tries of a message while its whole channel fails: with the pauses above, a day's worth."""
SLOT, SOON = 0.02, 10.0
"""Seconds. Looks that are due within a slot are one; what is due later than soon is found by the worker's regular look."""

NOTE_AGAIN = 1.0
_UNWRITTEN = "unwritten"


@dataclass(slots=True)
class _Lane:
    """One channel's senders in this worker."""

    busy: set["asyncio.Task[None]"] = field(default_factory=set)
    breaker: Breaker = field(default_factory=Breaker)
    era: int = 0
    """Grows when the breaker opens: what began before belongs to the failure that is known already."""
    settling: int = 0
    """Results that change the channel itself are being written: nothing is begun until all know."""

    def room(self, *, trial: bool) -> int:
        """How many more conversations may begin. Few are not worth a look, as long as others are on their way."""
        most = 1 if trial else self.breaker.most
        free = most - len(self.busy)
        return free if free > most // 4 or not self.busy else 0


class Deliverer:
    """Sends what is queued, for one worker. Set `called` to have it look again, also while senders are waiting for a provider."""

    def __init__(
        self, db: Database, accounts: Accounts, loader: outbox.Loader, worker: str, limits: Limits | None = None
    ) -> None:
        self._db = db
        self._accounts = accounts
        self._loader = loader
        self._worker = worker
        self._limits = limits or Limits(None)
        self._lanes: dict[int, _Lane] = defaultdict(_Lane)
        self._claiming: asyncio.Task[tuple[int, int]] | None = None
        self._alarms: dict[int, asyncio.TimerHandle] = {}
        self._ending = False
        self.called = asyncio.Event()

    async def close(self) -> None:
        """Wait for what is in the providers' hands, a while; what takes longer is settled by the sweep as unknown.

        What was claimed and is with no provider yet goes back into the queue.
        """
        self._ending = True
        for alarm in self._alarms.values():
            alarm.cancel()
        if self._claiming is not None:
            await asyncio.wait([self._claiming], timeout=PATIENCE)
        busy = [task for lane in self._lanes.values() for task in lane.busy]
        if busy:
            await asyncio.wait(busy, timeout=PATIENCE)

    async def drain(self) -> int:
        """Send until nothing is queued that may be sent now. Returns how many messages were given to providers."""
        total = 0
        while not self._ending:
            self.called.clear()
            # Shielded: what is claimed in the moment in which a worker is told to end must go back, not be lost sight of.
            self._claiming = asyncio.create_task(self._claim())
            claimed, begun = await asyncio.shield(self._claiming)
            total += begun
            if claimed or self.called.is_set():
                continue
            if not any(lane.busy for lane in self._lanes.values()):
                break
            await self.called.wait()
        return total

    async def _claim(self) -> tuple[int, int]:
        """Start senders for as much as there is room for. (Messages claimed, messages that are being sent.)"""
        now = datetime.now(UTC)
        lines = await self._accounts.lines()
        limits = {
            n: limit_of(line.connector.capabilities(line.channel.settings), line.channel.settings) for n, line in lines.items()
        }
        rooms = {n: room for n, line in lines.items() if (room := self._room(line, limits[n], now)) is not None}
        if not rooms:
            return 0, 0
        loaded = await self._db.batch(outbox.claim_all, (now, self._worker, rooms, self._loader))
        going, late = await self._let_through(loaded, lines, limits, now)
        for run, messages in groupby(going, key=lambda each: (each.channel_id, each.conversation_id)):
            self._start(lines[run[0]], list(messages))
        if late:
            await self._write(self._db.run, outbox.put_back, late)
        return len(loaded), len(going)

    def _room(self, line: Line, limit: Limit, now: datetime) -> Room | None:
        """What may be claimed of a channel now; None: nothing, and an alarm is set for when it may be something."""
        channel, lane = line.channel, self._lanes[line.channel.id]
        if channel.state == "disabled" or lane.settling:
            return None
        if channel.paused_until is not None and channel.paused_until > now:
            self._look_in((channel.paused_until - now).total_seconds())
            return None
        trial = channel.failed_at is not None
        free = lane.room(trial=trial)
        if not free:
            return None
        tokens = self._limits.tokens(channel.id, limit) if limit.rate else None
        if tokens is not None and not tokens[-1]:
            self._look_in(self._limits.wait(channel.id, limit))
            if not any(tokens):
                return None
        window = line.connector.capabilities(channel.settings).window
        return Room(conversations=free, tokens=tokens, trial=trial, window=window)

    async def _let_through(
        self, loaded: list[Loaded], lines: Mapping[int, Line], limits: Mapping[int, Limit], now: datetime
    ) -> tuple[list[Loaded], list[tuple[int, datetime | None]]]:
        """(messages that go now, messages that go back until the time beside them)."""
        if self._ending:
            return [], [(message.id, None) for message in loaded]
        if not any(limits[message.channel_id].rate for message in loaded):
            return loaded, []
        asks = [
            Ask(m.channel_id, m.conversation_id, m.outgoing.address, m.priority, _calls(m, lines[m.channel_id])) for m in loaded
        ]
        waits = await self._limits.take(asks, limits)
        late = [(m.id, now + timedelta(seconds=wait)) for m, wait in zip(loaded, waits, strict=True) if wait]
        if late:
            self._look_in(min(wait for wait in waits if wait))
        return [m for m, wait in zip(loaded, waits, strict=True) if not wait], late  # type: ignore[return-value]

    def _look_in(self, seconds: float) -> None:
        """Look again then."""
        loop = asyncio.get_running_loop()
        slot = int((loop.time() + max(seconds, 0.0)) / SLOT) + 1
        if seconds < SOON and slot not in self._alarms:
            self._alarms[slot] = loop.call_at(slot * SLOT, self._ring, slot)

    def _ring(self, slot: int) -> None:
        del self._alarms[slot]
        self.called.set()

    def _start(self, line: Line, messages: Sequence[Loaded]) -> None:
        lane = self._lanes[line.channel.id]
        task = asyncio.create_task(self._send_run(line, messages, lane))
        lane.busy.add(task)
        task.add_done_callback(lambda done: self._done(lane, done))

    def _done(self, lane: _Lane, task: "asyncio.Task[None]") -> None:
        lane.busy.discard(task)
        self.called.set()
        if not task.cancelled() and task.exception() is not None:
            log.error("a sender failed", error=type(task.exception()).__name__, exc_info=task.exception())

    async def _send_run(self, line: Line, messages: Sequence[Loaded], lane: _Lane) -> None:
        """Send one conversation's messages in order. After one that must wait, the others wait too."""
        era = lane.era
        for index, message in enumerate(messages):
            if self._ending or era != lane.era:
                await self._write(self._db.run, outbox.put_back, [(each.id, None) for each in messages[index:]])
                return
            result, error = await self._send(line, message)
            result = self._judged(line, lane, message, result, error, era)
            SENT.labels(line.channel.kind, result.state).inc()
            rest = [each.id for each in messages[index + 1 :]] if result.try_at is not None or result.broken else []
            if result.pause_channel is not None or result.mended:
                await self._settle(line, lane, result.with_rest(rest))
            else:
                await self._note(line, result.with_rest(rest))
            if result.try_at is not None:
                self._look_in((result.try_at - datetime.now(UTC)).total_seconds())
            if rest or result.try_at is not None:
                return

    async def _settle(self, line: Line, lane: _Lane, result: Result) -> None:
        """Note what changes the channel itself, and begin nothing until this worker has read it back."""
        lane.settling += 1
        try:
            await self._note(line, result)
            await self._accounts.refresh(only_stale=False)
        finally:
            lane.settling -= 1

    def _judged(self, line: Line, lane: _Lane, message: Loaded, result: Result, error: ChannelError | None, era: int) -> Result:
        """The result with what it means for the channel."""
        said = breaker.verdict(error) if error is not None else Verdict.GOOD
        opens = lane.breaker.heed(said)
        channel = line.channel
        if said is Verdict.GOOD and channel.failed_at is not None:
            return replace(result, mended=True)
        again = channel.failed_at is not None and said in (Verdict.BAD, Verdict.WRONG)
        if error is None or era != lane.era or not (opens or again):
            return result
        now = datetime.now(UTC)
        until = now + breaker.pause(channel.failures, wrong=said is Verdict.WRONG)
        lane.era += 1
        log.warning("a channel fails and is paused", channel=channel.id, kind=channel.kind, code=error.code)
        if result.state == "failed" and isinstance(error, Retry) and message.attempts < TRIES_IN_OUTAGE:
            result = replace(result, state="queued", try_at=now + timedelta(seconds=PAUSES[-1]))
        try_at = None if result.try_at is None else max(result.try_at, until)
        return replace(result, broken=error.reason, pause_channel=until, try_at=try_at)

    async def _write(self, write: Callable[..., Any], *arguments: Any) -> None:
        """Write, however long the database is away."""
        while True:
            try:
                await write(*arguments)
                return
            except DatabaseDown:
                await asyncio.sleep(NOTE_AGAIN)

    async def _note(self, line: Line, result: Result) -> None:
        """Write down what happened: nobody else knows. What cannot be written is unknown."""
        try:
            await self._write(self._db.batch, note, result)
        except Exception as error:
            if result.code == _UNWRITTEN:
                raise
            log.exception("a result could not be noted", channel=line.channel.id, message=result.id)
            reason = f"What the provider answered could not be noted: {type(error).__name__}"
            unwritten = Result(id=result.id, channel_id=result.channel_id, state="unknown", reason=reason, code=_UNWRITTEN)
            await self._note(line, unwritten)

    async def _send(self, line: Line, message: Loaded) -> tuple[Result, ChannelError | None]:
        """Send one message, part by part: what became of it, and the error if there was one. Nothing is raised."""
        ids: list[str] = []
        thread, done, state = message.thread, message.parts, "sent"
        parts: Sequence[OutgoingMessage] = ()
        try:
            parts = _fitted(message, line)
            for part in parts[done:]:
                sent = await self._call(line, part)
                ids += sent.external_ids
                thread, state, done = sent.thread or thread, sent.state, done + 1
        except ChannelError as error:
            return _failed(message, error, ids, thread, done, len(parts)), error
        except Exception as error:
            log.exception("a connector failed to send", channel=line.channel.id, kind=line.channel.kind, message=message.id)
            bug = ChannelError(f"The connector failed: {type(error).__name__}")
            told = bug if parts else Refused(f"The message could not be fitted to the channel: {type(error).__name__}")
            return _failed(message, told, ids, thread, done, len(parts)), bug
        return Result(
            id=message.id, channel_id=line.channel.id, state=state, external_ids=ids, thread=thread, parts=done,
            parts_all=len(parts),
        ), None  # fmt: skip

    async def _call(self, line: Line, part: OutgoingMessage) -> Sent:
        try:
            async with asyncio.timeout(SEND_FILES_SECONDS if part.attachments else SEND_SECONDS):
                return await line.connector.send(part)
        except TimeoutError:
            raise Unknown("The provider did not answer in time", code="timeout") from None


def _fitted(message: Loaded, line: Line) -> Sequence[OutgoingMessage]:
    return fit(message.outgoing, line.connector.capabilities(line.channel.settings))


def _calls(message: Loaded, line: Line) -> int:
    """How many calls to the provider the message takes. What cannot be fitted is told when it is sent."""
    try:
        return max(1, len(_fitted(message, line)) - message.parts)
    except Exception:
        return 1


def _failed(message: Loaded, error: ChannelError, ids: Sequence[str], thread: str, parts: int, parts_all: int) -> Result:
    """What an error makes of a message; its class decides."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "id": message.id, "channel_id": message.channel_id, "external_ids": ids, "thread": thread, "parts": parts,
        "parts_all": parts_all, "reason": error.reason, "code": error.code,
    }  # fmt: skip
    match error:
        case Throttled():
            # To one person again and again: providers want pauses of 4, 16, 64 ... seconds (WhatsApp's 131056).
            again = 4.0 ** min(message.attempts, 6) if error.one_person and message.attempts else 0.0
            after = now + timedelta(seconds=max(error.after, again))
            return Result(**values, state="queued", try_at=after, pause_channel=None if error.one_person else after)
        case Misconfigured():
            return Result(**values, state="queued", try_at=now)
        case Retry() if message.attempts < len(PAUSES):
            return Result(**values, state="queued", try_at=now + timedelta(seconds=PAUSES[message.attempts]))
        case Blocked():
            return Result(**values, state="failed", blocked=not error.marketing_only, marketing_stopped=error.marketing_only)
        case Refused() | Retry():
            return Result(**values, state="failed")
        case _:
            return Result(**values, state="unknown")
