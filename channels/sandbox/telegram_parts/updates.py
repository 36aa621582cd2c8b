"""How Telegram brings updates to a bot: kept until confirmed, fetched with getUpdates or delivered to a webhook."""

import asyncio
import itertools
import re
import time
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from channels.sandbox.telegram_parts.rules import ApiError, Raw, bad, number, structure

_NOT_BY_DEFAULT = {"chat_member", "message_reaction", "message_reaction_count"}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PORTS = {None, 80, 88, 443, 8443}
_LONGEST_PAUSE = 5.0
_BEGINNING = 1_767_225_600
"""2026 in Unix time."""


def unused() -> int:
    """A number above all that an earlier run counted to: ten a second since the beginning."""
    return int((time.time() - _BEGINNING) * 10)


class Updates:
    """The bot's queue. Updates of one chat arrive in order; those of different chats do not wait for each other."""

    def __init__(self, answered: Callable[[str, Raw], Awaitable[object]]) -> None:
        self.url = ""
        self.pause = 0.1
        """Seconds before the first repetition of a delivery that was not taken; they double up to five."""
        self.last_error = ""
        self.failed_at = 0.0
        self.http: aiohttp.ClientSession | None = None
        self._answered = answered
        """Called with a method that the webhook's answer asks for."""
        self._secret = ""
        self._wanted: frozenset[str] | None = None
        self._pending: dict[int, Raw] = {}
        self._lanes: dict[str, deque[int]] = {}
        self._numbers = itertools.count(730_000_001 + unused())
        self._news = asyncio.Event()
        self._poll = 0
        self._closed = False
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def polled(self) -> bool:
        """Whether anybody has polled yet."""
        return self._poll > 0

    @property
    def wanted(self) -> frozenset[str] | None:
        """The kinds of updates that were asked for by name; None: Telegram's choice."""
        return self._wanted

    @property
    def pending(self) -> int:
        return len(self._pending)

    def add(self, kind: str, chat: str, content: Raw) -> None:
        """Something happened in `chat`."""
        if kind not in self._wanted if self._wanted is not None else kind in _NOT_BY_DEFAULT:
            return
        update_id = next(self._numbers)
        self._pending[update_id] = {"update_id": update_id, kind: content}
        if self.url:
            self._queue(chat, update_id)
        self._news.set()

    async def close(self) -> None:
        self._closed = True
        self._news.set()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def get(self, parameters: Raw) -> list[Raw]:
        """getUpdates: waits up to `timeout` seconds for the first update. A newer call ends this one."""
        self._check_free()
        self._want(parameters)
        self._confirm(number(parameters, "offset"))
        limit, seconds = min(max(number(parameters, "limit", 100), 1), 100), number(parameters, "timeout")
        self._poll += 1
        mine, loop = self._poll, asyncio.get_running_loop()
        self._news.set()
        ends = loop.time() + seconds
        while True:
            self._check_alone(mine)
            left = ends - loop.time()
            if self._pending or left <= 0 or self._closed:
                return list(itertools.islice(self._pending.values(), limit))
            self._news = asyncio.Event()
            await _until(self._news, left)

    def _check_free(self) -> None:
        if self.url:
            raise ApiError(
                409,
                "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
            )

    def _check_alone(self, mine: int) -> None:
        if self.url:
            raise ApiError(409, "Conflict: terminated by setWebhook request")
        if mine != self._poll:
            words = "terminated by other getUpdates request; make sure that only one bot instance is running"
            raise ApiError(409, f"Conflict: {words}")

    def _confirm(self, offset: int) -> None:
        """All before `offset` are done with; a negative one keeps only so many of the newest."""
        known = list(self._pending)
        gone = [n for n in known if n < offset] if offset >= 0 else known[:offset]
        for update_id in gone:
            del self._pending[update_id]

    def _want(self, parameters: Raw) -> None:
        wanted = structure(parameters, "allowed_updates")
        if isinstance(wanted, list):
            self._wanted = frozenset(str(kind) for kind in wanted) if wanted else None

    def set_webhook(self, parameters: Raw) -> None:
        """Plain http is taken on this machine only, as a Bot API server of one's own would."""
        url, secret = str(parameters.get("url") or ""), str(parameters.get("secret_token") or "")
        address = urlsplit(url)
        if url and address.scheme != "https" and address.hostname not in _LOOPBACK:
            raise bad("bad webhook: An HTTPS URL must be provided for webhook")
        if url and address.port not in _PORTS and address.hostname not in _LOOPBACK:
            raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")
        if secret and not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
            raise bad("secret token contains unallowed characters")
        if not 1 <= number(parameters, "max_connections", 40) <= 100:
            raise bad("bad webhook: max_connections must be between 1 and 100")
        self._want(parameters)
        self.url, self._secret = url, secret
        if str(parameters.get("drop_pending_updates")).lower() == "true":
            self._pending.clear()
        for update_id, update in self._pending.items():
            self._queue(_chat_of(update), update_id)
        self._news.set()

    def delete_webhook(self, parameters: Raw) -> None:
        self.url, self._lanes = "", {}
        if str(parameters.get("drop_pending_updates")).lower() == "true":
            self._pending.clear()

    def _queue(self, chat: str, update_id: int) -> None:
        lane = self._lanes.get(chat)
        if lane is None:
            lane = self._lanes[chat] = deque()
            self._start(self._drain(chat, lane))
        lane.append(update_id)

    def _start(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(job)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _drain(self, chat: str, lane: deque[int]) -> None:
        await asyncio.sleep(0)
        while lane and self.url and self._lanes.get(chat) is lane:
            update = self._pending.get(lane[0])
            if update is not None:
                await self._deliver(update)
            lane.popleft()
        if self._lanes.get(chat) is lane:
            del self._lanes[chat]

    async def _deliver(self, update: Raw) -> None:
        """Until the webhook takes it, is changed or removed."""
        pause, url = self.pause, self.url
        while self.url == url:
            if await self._taken(update):
                self._pending.pop(update["update_id"], None)
                return
            await asyncio.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    async def _taken(self, update: Raw) -> bool:
        assert self.http is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": self._secret} if self._secret else {}
        try:
            async with self.http.post(self.url, json=update, headers=headers, timeout=aiohttp.ClientTimeout(total=60)) as answer:
                body = await answer.read()
                if not 200 <= answer.status < 300:
                    self.failed_at = time.time()
                    self.last_error = f"Wrong response from the webhook: {answer.status} {answer.reason}"
                    return False
                call = await answer.json() if body and answer.content_type == "application/json" else None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            self.failed_at = time.time()
            self.last_error = f"Connection failed: {type(error).__name__}"
            return False
        if isinstance(call, dict) and isinstance(call.get("method"), str):
            await self._answered(call.pop("method"), call)
        return True


async def _until(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _chat_of(update: Raw) -> str:
    content = next(value for name, value in update.items() if name != "update_id")
    chat = content.get("chat") or (content.get("message") or {}).get("chat") or content.get("from")
    return str(chat["id"])
