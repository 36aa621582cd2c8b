"""Everything that comes in: the mailbox read over IMAP and the port that mail is pushed to, given to `accept` one by one."""

from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime

from channels.base import Accept, Hook
from channels.events import JSON
from channels.mail.imap import Cursor, Mailbox
from channels.mail.listen import listen
from channels.mail.oauth import Tokens
from channels.mail.settings import EmailSettings


class Reading:
    """One run of `pull`: the mailbox and the port share the cursor, so that neither stores an old one over the other's."""

    def __init__(self, settings: EmailSettings, tokens: Tokens | None, cursor: Mapping[str, JSON], accept: Accept) -> None:
        self._settings = settings
        self._tokens = tokens
        self._stored = dict(cursor)
        self._accept = accept

    def jobs(self) -> list[Coroutine[None, None, None]]:
        settings = self._settings
        jobs: list[Coroutine[None, None, None]] = [self._read()] if settings.imap_host else []
        if settings.listen:
            jobs.append(listen(settings.listen_host, settings.listen, settings.address, self._pushed))
        return jobs

    async def _read(self) -> None:
        mailbox = Mailbox(self._settings.imap(), self._tokens)
        try:
            state = await mailbox.open()
            place = Cursor.read(self._stored)
            if place is None:
                place = Cursor.first(state, self._settings.history, datetime.now(UTC))
                # Stored at once: otherwise mail that comes before the first one is read would be lost by a restart.
                await self._keep(b"", {"mailbox": "Opened"}, place)
            place = place.on(state)
            while True:
                place = await self._catch_up(mailbox, place)
                await mailbox.run(mailbox.wait)
        finally:
            await mailbox.close()

    async def _catch_up(self, mailbox: Mailbox, place: Cursor) -> Cursor:
        since = place.since if place.uid == 0 else None
        for uid in await mailbox.run(mailbox.above, place.uid, since):
            place = place.at(uid)
            try:
                raw = await mailbox.run(mailbox.fetch, uid)
            except LookupError as error:
                await self._keep(b"", {"mailbox": f"{error} (UID {uid})", "unreadable": "yes"}, place)
                continue
            if raw is not None:
                await self._keep(raw, {}, place)
        return place

    async def _keep(self, raw: bytes, headers: Mapping[str, str], place: Cursor) -> None:
        await self._accept(self._hook(raw, self._settings.address, headers), place.stored())
        self._stored = place.stored()

    async def _pushed(self, raw: bytes, recipient: str) -> None:
        await self._accept(self._hook(raw, recipient, {}), self._stored)

    def _hook(self, raw: bytes, recipient: str, headers: Mapping[str, str]) -> Hook:
        return Hook(method="MAIL", url=f"mail:{recipient}", headers=headers, body=raw, received_at=datetime.now(UTC))
