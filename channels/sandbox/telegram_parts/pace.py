"""How fast Telegram lets a bot send (https://core.telegram.org/bots/faq#broadcasting-to-users); off unless a test wants it."""

import math
import time
from collections import defaultdict, deque
from collections.abc import Callable

from channels.sandbox.telegram_parts.rules import ApiError


class Pace:
    """Counts messages: 30 a second over all chats, one a second in a chat, 20 a minute in a group."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.on = False
        self.now = now
        self._sent: dict[str, deque[float]] = defaultdict(deque)

    def check(self, chat: str) -> None:
        """Count a message to `chat`. Raises ApiError 429 with the seconds to wait."""
        if not self.on:
            return
        limits = [("", 30, 1.0), (chat, 1, 1.0), *([(chat, 20, 60.0)] if chat.startswith("-") else [])]
        now = self.now()
        wait = max(self._wait(whose, most, seconds, now) for whose, most, seconds in limits)
        if wait > 0:
            after = max(1, math.ceil(wait))
            raise ApiError(429, f"Too Many Requests: retry after {after}", retry_after=after)
        for whose in {"", chat}:
            self._sent[whose].append(now)

    def _wait(self, whose: str, most: int, seconds: float, now: float) -> float:
        sent = self._sent[whose]
        while sent and sent[0] <= now - 60:
            sent.popleft()
        recent = [at for at in sent if at > now - seconds]
        return recent[-most] + seconds - now if len(recent) >= most else 0.0
