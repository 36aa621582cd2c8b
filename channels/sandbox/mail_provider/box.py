"""A mailbox as an IMAP server keeps it: numbered mails with flags, and listeners that hear of each new one."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(kw_only=True, slots=True)
class Stored:
    """One mail in the box."""

    uid: int
    raw: bytes = field(repr=False)
    at: datetime
    flags: set[str]


class Box:
    """The inbox of one account."""

    def __init__(self, validity: int = 1) -> None:
        self.validity = validity
        self.next_uid = 1
        self.mails: list[Stored] = []
        self._listeners: set[Callable[[], None]] = set()

    def append(self, raw: bytes, at: datetime | None = None) -> Stored:
        """Put a mail in and wake who listens."""
        mail = Stored(uid=self.next_uid, raw=raw, at=at or datetime.now(UTC), flags=set())
        self.next_uid += 1
        self.mails.append(mail)
        self.changed()
        return mail

    def rebuild(self) -> None:
        """What a server does after a restore: the same mails under new numbers, and a new UIDVALIDITY that says so."""
        self.validity += 1
        for number, mail in enumerate(self.mails, 1):
            mail.uid = number
        self.next_uid = len(self.mails) + 1

    def expunge(self) -> list[int]:
        """Remove what is marked as deleted; returns the sequence numbers as IMAP reports them."""
        gone: list[int] = []
        for number in range(len(self.mails), 0, -1):
            if "\\Deleted" in self.mails[number - 1].flags:
                del self.mails[number - 1]
                gone.append(number)
        return gone

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` at each change; returns the function that ends it."""
        self._listeners.add(listener)
        return lambda: self._listeners.discard(listener)

    def changed(self) -> None:
        for listener in tuple(self._listeners):
            listener()
