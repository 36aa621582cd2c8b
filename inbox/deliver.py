"""Stop 4: claim -> fit -> send -> note. A message is `sending` on disk before the provider is called, never sent blindly again.

Each channel has its own line of senders, so that a slow or broken one delays no other. Within a conversation messages go one
after another, in their order. Lower priorities overtake: an operator's reply does not wait for a broadcast.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Any

import structlog
from prometheus_client import Counter

from channels.base import Blocked, ChannelError, Misconfigured, OutgoingMessage, Refused, Retry, Sent, Throttled, Unknown
from channels.fit import fit
from inbox import outbox
from inbox.accounts import Accounts, Line
from inbox.db import Database, DatabaseDown
from inbox.noting import Result, note
from inbox.outbox import Loaded

log = structlog.get_logger()
SENT = Counter("switchboard_messages_sent_total", "Calls to providers that send a message", ["kind", "outcome"])

AT_ONCE = 64
"""Conversations of one channel in the providers' hands at the same time, in one worker."""
SEND_SECONDS = 30.0
PATIENCE = 5.0
"""Seconds that a worker which ends waits for its providers: less than its supervisor waits for it (`supervise.GRACE`)."""
SEND_FILES_SECONDS = 120.0
"""Time-outs of one call; a message with attachments may have to be uploaded."""
PAUSES = (2, 5, 15, 60, 300, 900, 3600)
"""Seconds before the next try, by the number of tries so far; after the last the message fails."""

NOTE_AGAIN = 1.0
_UNWRITTEN = "unwritten"


@dataclass(slots=True)
class _Lane:
    """One channel's senders in this worker."""

    busy: set["asyncio.Task[None]"] = field(default_factory=set)
    paused_until: datetime | None = None


class Deliverer:
    """Sends what is queued, for one worker. Set `called` to have it look again, also while senders are waiting for a provider."""

    def __init__(self, db: Database, accounts: Accounts, loader: outbox.Loader, worker: str) -> None:
        self._db = db
        self._accounts = accounts
        self._loader = loader
        self._worker = worker
        self._lanes: dict[int, _Lane] = defaultdict(_Lane)
        self.called = asyncio.Event()

    async def close(self) -> None:
        """Wait for what is in the providers' hands, a while; what takes longer is settled by the sweep as unknown."""
        busy = [task for lane in self._lanes.values() for task in lane.busy]
        if busy:
            await asyncio.wait(busy, timeout=PATIENCE)

    async def drain(self) -> int:
        """Send until nothing is queued that may be sent now. Returns how many messages were claimed."""
        total = 0
        while True:
            self.called.clear()
            claimed = await self._claim()
            total += claimed
            if not claimed and not any(lane.busy for lane in self._lanes.values()):
                return total
            if not claimed:
                await self.called.wait()

    async def _claim(self) -> int:
        """Start senders for as much as there is room for."""
        now = datetime.now(UTC)
        lines = await self._accounts.lines()
        room = {number: AT_ONCE - len(self._lanes[number].busy) for number, line in lines.items() if self._open(line, now)}
        room = {number: free for number, free in room.items() if free > AT_ONCE // 4 or not self._lanes[number].busy}
        if not room:
            return 0
        loaded = await self._db.run(outbox.claim, now, self._worker, room, self._loader)
        for conversation, messages in groupby(loaded, key=lambda each: (each.channel_id, each.conversation_id)):
            self._start(lines[conversation[0]], list(messages))
        return len(loaded)

    def _open(self, line: Line, now: datetime) -> bool:
        paused = (self._lanes[line.channel.id].paused_until, line.channel.paused_until)
        return line.channel.state != "disabled" and all(until is None or until <= now for until in paused)

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
        for index, message in enumerate(messages):
            result = await self._send(line, message)
            SENT.labels(line.channel.kind, result.state).inc()
            rest = [each.id for each in messages[index + 1 :]] if result.try_at is not None else []
            if result.pause_channel is not None:
                lane.paused_until = result.pause_channel
            await self._note(line, result.with_rest(rest))
            if rest or result.try_at is not None:
                return

    async def _note(self, line: Line, result: Result) -> None:
        """Write down what happened, however long the database is away: nobody else knows. What cannot be written is unknown."""
        while True:
            try:
                await self._db.batch(note, result)
                return
            except DatabaseDown:
                await asyncio.sleep(NOTE_AGAIN)
            except Exception as error:
                if result.code == _UNWRITTEN:
                    raise
                log.exception("a result could not be noted", channel=line.channel.id, message=result.id)
                reason = f"What the provider answered could not be noted: {type(error).__name__}"
                result = Result(id=result.id, channel_id=result.channel_id, state="unknown", reason=reason, code=_UNWRITTEN)

    async def _send(self, line: Line, message: Loaded) -> Result:
        """Send one message, part by part. Every outcome is a result; nothing is raised."""
        ids: list[str] = []
        thread, done, state = message.thread, message.parts, "sent"
        try:
            parts = fit(message.outgoing, line.connector.capabilities(line.channel.settings))
            for part in parts[done:]:
                sent = await self._call(line, part)
                ids += sent.external_ids
                thread, state, done = sent.thread or thread, sent.state, done + 1
        except ChannelError as error:
            return _failed(message, error, ids, thread, done)
        except Exception as error:
            log.exception("a connector failed to send", channel=line.channel.id, kind=line.channel.kind, message=message.id)
            return _failed(message, Unknown(f"The connector failed: {type(error).__name__}"), ids, thread, done)
        mended = line.channel.state == "failing"
        return Result(
            id=message.id, channel_id=line.channel.id, state=state, external_ids=ids, thread=thread, parts=done, mended=mended
        )

    async def _call(self, line: Line, part: OutgoingMessage) -> Sent:
        try:
            async with asyncio.timeout(SEND_FILES_SECONDS if part.attachments else SEND_SECONDS):
                return await line.connector.send(part)
        except TimeoutError:
            raise Unknown("The provider did not answer in time", code="timeout") from None


def _failed(message: Loaded, error: ChannelError, ids: Sequence[str], thread: str, parts: int) -> Result:
    """What an error makes of a message; its class decides."""
    now = datetime.now(UTC)
    values: dict[str, Any] = {
        "id": message.id, "channel_id": message.channel_id, "external_ids": ids, "thread": thread, "parts": parts,
        "reason": error.reason, "code": error.code,
    }  # fmt: skip
    match error:
        case Throttled():
            after = now + timedelta(seconds=error.after)
            return Result(**values, state="queued", try_at=after, pause_channel=None if error.one_person else after)
        case Misconfigured():
            after = now + timedelta(seconds=60)
            return Result(**values, state="queued", try_at=after, pause_channel=after, broken=error.reason)
        case Retry() if message.attempts < len(PAUSES):
            return Result(**values, state="queued", try_at=now + timedelta(seconds=PAUSES[message.attempts]))
        case Blocked():
            return Result(**values, state="failed", blocked=not error.marketing_only, marketing_stopped=error.marketing_only)
        case Refused() | Retry():
            return Result(**values, state="failed")
        case _:
            return Result(**values, state="unknown")
