"""When a channel fails: how many of its messages may be with the provider at once, when to stop trying, when to try again.

What the provider did with a call is good (it answered, be it with a refusal), bad (nobody answered, 5xx, a time-out) or wrong
(the channel itself: token, number, server). Five bad ones in a row, or one wrong, open the breaker: the channel's row says so,
and nothing is sent before `paused_until`. Then one message goes alone: good closes the breaker, bad opens it again for longer.
"""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum

from channels.base import ChannelError, Misconfigured, Refused, Retry, Throttled, Unknown

IN_A_ROW = 5
PAUSES = (5, 15, 30, 60, 120, 300)
"""Seconds before the next trial, by the number of trials in vain."""
WRONG = 3
"""What is wrong with a channel is seldom mended within a minute: begin with this pause."""
FIRST, MOST = 16, 64
"""Conversations of a channel that may be with its provider at once: at first, and when all goes well. In one worker."""


class Verdict(Enum):
    """What a call says of the channel."""

    GOOD = "good"
    BAD = "bad"
    WRONG = "wrong"
    NOTHING = "nothing"
    """A bug of ours."""


def verdict(error: ChannelError | None) -> Verdict:
    """What the outcome of a call says of the channel. None: the message was taken."""
    match error:
        case Misconfigured():
            return Verdict.WRONG
        case None | Refused():
            return Verdict.GOOD
        case Throttled():
            return Verdict.GOOD
        case Retry() | Unknown():
            return Verdict.BAD
        case _:
            return Verdict.NOTHING


def pause(failures: int, *, wrong: bool) -> timedelta:
    """How long to send nothing after `failures` trials in vain."""
    step = max(failures, WRONG) if wrong else failures
    return timedelta(seconds=PAUSES[min(step, len(PAUSES) - 1)])


@dataclass(slots=True)
class Breaker:
    """One channel's, in one worker."""

    most: int = FIRST
    """Grows with what succeeds and halves with what does not: a provider that hangs gets hold of a few messages only."""
    bad: int = 0
    """Calls in a row that were bad."""

    def heed(self, said: Verdict) -> bool:
        """Take note of a call. True: the breaker opens."""
        if said is Verdict.GOOD:
            self.bad = 0
            self.most = min(self.most + 1, MOST)
        elif said in (Verdict.BAD, Verdict.WRONG):
            self.bad += 1
            self.most = max(1, self.most // 2)
        return said is Verdict.WRONG or (said is Verdict.BAD and self.bad >= IN_A_ROW)
