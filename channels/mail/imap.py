"""Read a mailbox over IMAP: catch up with all mails above the last UID, then wait to be woken (IDLE) or look again."""

import asyncio
import imaplib
import select
import socket
import ssl
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

from imap_tools import BaseMailBox, MailBox, MailBoxUnencrypted
from imap_tools.errors import ImapToolsError, MailboxFolderSelectError, MailboxLoginError, UnexpectedCommandStatusError

from channels.base import ChannelError, Misconfigured, Retry
from channels.events import JSON
from channels.mail.oauth import Tokens
from channels.mail.server import Server, unreachable, wrong

WAIT_SECONDS = 30.0
"""How long an IDLE lasts before we look by ourselves: a wake-up that the server swallowed costs no more than this."""
LARGEST = 40 * 1024 * 1024
"""Of a larger mail only so much is read: its text stands in front. Servers take 25 to 35 MB, so it is nearly never cut."""
_TRIES = 3
_Result = TypeVar("_Result")


@dataclass(frozen=True, kw_only=True, slots=True)
class State:
    """What SELECT says of the folder."""

    validity: int
    next_uid: int


class Mailbox:
    """One session, in a thread of its own, since the library blocks. All of its calls go through `run`."""

    def __init__(self, server: Server, tokens: Tokens | None = None) -> None:
        self._server = server
        self._tokens = tokens
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="imap")
        self._box: BaseMailBox | None = None

    async def run(self, function: Callable[..., _Result], *arguments: object) -> _Result:
        """Call a blocking function of this class. When we are cancelled, its socket is shut, so that it ends at once."""
        call = asyncio.get_running_loop().run_in_executor(self._thread, function, *arguments)
        try:
            return await asyncio.shield(call)
        except asyncio.CancelledError:
            self._hang_up()
            await asyncio.wait([call])
            call.exception()
            raise

    async def close(self) -> None:
        """Hang up and end the thread."""
        self._hang_up()
        await asyncio.to_thread(self._thread.shutdown)
        self._let_go()

    def _let_go(self) -> None:
        if self._box:
            with suppress(OSError, imaplib.IMAP4.error):
                self._box.client.shutdown()

    def _hang_up(self) -> None:
        if self._box:
            with suppress(OSError):
                self._box.client.sock.shutdown(socket.SHUT_RDWR)

    async def open(self) -> State:
        """Connect, log in and open the inbox. Raises Misconfigured or Retry.

        A token that the server takes no more is fetched anew, once.
        """
        if self._tokens is None:
            return await self.run(self._open, self._server.password)
        try:
            return await self.run(self._open, await self._tokens.get())
        except Misconfigured as error:
            if error.code != "imap-login":
                raise
        self._tokens.forget()
        return await self.run(self._open, await self._tokens.get())

    def _open(self, secret: str) -> State:
        self._let_go()
        with _our_errors(self._server):
            self._box = _connect(self._server)
            _log_in(self._box, self._server, secret)
            return self._select()

    def _select(self) -> State:
        assert self._box is not None
        self._box.folder.set("INBOX", readonly=True)
        status = self._box.folder.status("INBOX", ["UIDVALIDITY", "UIDNEXT"])
        if not {"UIDVALIDITY", "UIDNEXT"} <= status.keys():
            raise Misconfigured("The mail server does not number the mails of its inbox", code="imap-uid", field="imap_host")
        return State(validity=int(status["UIDVALIDITY"]), next_uid=int(status["UIDNEXT"]))

    def above(self, uid: int, since: datetime | None) -> list[int]:
        """The UIDs above `uid`, oldest first; with `since` only of mails that arrived on that day or later."""
        assert self._box is not None
        day = f" SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}" if since else ""
        with _our_errors(self._server):
            self._news()
            found = self._box.uids(f"UID {uid + 1}:*{day}", charset=None)
        # "n:*" always holds the last mail, even where its UID is lower than n.
        return sorted(int(one) for one in found if int(one) > uid)

    def fetch(self, uid: int) -> bytes | None:
        """The raw mail, left unseen; None if it is gone. Raises Retry, or LookupError where the server cannot read it."""
        assert self._box is not None
        for _ in range(_TRIES):
            with _our_errors(self._server):
                status, answer = self._box.client.uid("FETCH", str(uid), f"(BODY.PEEK[]<0.{LARGEST}>)")
            if status == "OK":
                return next((one[1] for one in answer if isinstance(one, tuple)), None)
        raise LookupError("The mail server cannot read this mail")

    def wait(self) -> None:
        """Sleep until something changes in the inbox, at most WAIT_SECONDS; not where it changed since the search."""
        assert self._box is not None
        with _our_errors(self._server):
            if self._news():
                return
            if "IDLE" in self._box.client.capabilities:
                self._box.idle.wait(timeout=WAIT_SECONDS)
            else:
                self._rest()

    def _news(self) -> bool:
        """Whether the server announced mail in passing, within its answer to another command; forgets it."""
        assert self._box is not None
        return self._box.client.response("EXISTS")[1] != [None]

    def _rest(self) -> None:
        """Without IDLE: a sleep on the socket, so that hanging up ends it, then a word to keep the connection."""
        assert self._box is not None
        select.select([self._box.client.sock], [], [], WAIT_SECONDS)
        self._box.client.noop()

    @property
    def idles(self) -> bool:
        """Whether the server wakes us."""
        return self._box is not None and "IDLE" in self._box.client.capabilities


_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cursor:
    """How far we have read. `since`: the day before which mails are the mailbox's old history, which is not ours to import."""

    validity: int
    uid: int
    since: datetime | None

    @classmethod
    def read(cls, stored: Mapping[str, JSON]) -> "Cursor | None":
        """The stored cursor, None where there is none yet."""
        if "uid" not in stored:
            return None
        since = stored.get("since")
        return cls(
            validity=int(stored["validity"]), uid=int(stored["uid"]), since=datetime.fromisoformat(since) if since else None
        )

    @classmethod
    def first(cls, state: State, history: bool, now: datetime) -> "Cursor":
        """Where reading begins in a mailbox we have never seen."""
        return cls(
            validity=state.validity, uid=0 if history else state.next_uid - 1, since=None if history else now.astimezone(UTC)
        )

    def stored(self) -> dict[str, JSON]:
        return {"validity": self.validity, "uid": self.uid, "since": self.since.isoformat() if self.since else None}

    def on(self, state: State) -> "Cursor":
        """The same place in the folder as it is now: a new UIDVALIDITY means new UIDs, so all is read again."""
        return self if state.validity == self.validity else Cursor(validity=state.validity, uid=0, since=self.since)

    def at(self, uid: int) -> "Cursor":
        return Cursor(validity=self.validity, uid=uid, since=self.since)


def _connect(server: Server) -> BaseMailBox:
    if server.tls == "ssl":
        return MailBox(server.host, server.port, timeout=server.timeout, ssl_context=ssl.create_default_context())
    box = MailBoxUnencrypted(server.host, server.port, timeout=server.timeout)
    if server.tls == "starttls":
        try:
            box.client.starttls(ssl.create_default_context())
        except BaseException:
            box.client.shutdown()
            raise
    return box


def _log_in(box: BaseMailBox, server: Server, secret: str) -> None:
    """LOGIN carries ASCII only; other passwords go by SASL PLAIN, tokens by XOAUTH2."""
    try:
        if server.oauth:
            _show_token(box, server.user, secret)
        elif server.user.isascii() and secret.isascii():
            box.login(server.user, secret, initial_folder=None)
        else:
            box.login_utf8(server.user, secret, initial_folder=None)
    except imaplib.IMAP4.abort:
        raise
    except (MailboxLoginError, imaplib.IMAP4.error) as error:
        raise _not_let_in(str(error), server) from error
    # What a server can do often grows with the login.
    status, answer = box.client.capability()
    if status == "OK" and answer[-1]:
        box.client.capabilities = tuple(answer[-1].decode("ascii", "replace").upper().split())


def _show_token(box: BaseMailBox, user: str, token: str) -> None:
    """A server that refuses first sends its reasons as a challenge, which wants an empty answer."""
    if "AUTH=XOAUTH2" not in box.client.capabilities:
        raise wrong("The mailbox server takes no OAuth sign-in (XOAUTH2)", "oauth_token_url", "unsupported")
    words = iter((f"user={user}\1auth=Bearer {token}\1\1".encode(), b""))
    status, _ = box.client.authenticate("XOAUTH2", lambda _: next(words, b""))
    if status != "OK":
        raise imaplib.IMAP4.error("The token was refused")


def _not_let_in(words: str, server: Server) -> ChannelError:
    said = words.upper()
    if any(sign in said for sign in ("[UNAVAILABLE]", "[INUSE]", "[LIMIT]")):
        return Retry("The mail server has no place for us now", code="imap-login")
    if "[PRIVACYREQUIRED]" in said or (server.tls == "none" and ("PLAINTEXT" in said or "LOGINDISABLED" in said)):
        return wrong("The mailbox server takes no login without encryption", "tls", "imap-tls")
    what, name = ("access token", "oauth_refresh_token") if server.oauth else ("user name or password", "password")
    return wrong(f"The mailbox server refuses the {what}", name, "imap-login")


@contextmanager
def _our_errors(server: Server) -> Iterator[None]:
    """Translate what the library raises."""
    try:
        yield
    except MailboxFolderSelectError as error:
        raise Misconfigured("The mailbox has no inbox that we may read", code="imap-inbox", field="user") from error
    except (OSError, imaplib.IMAP4.error, ImapToolsError, UnexpectedCommandStatusError) as error:
        if "TLS not supported" in str(error) or "STARTTLS" in str(error).upper():
            raise wrong("The mailbox server does not offer STARTTLS", "tls", "unsupported") from error
        raise unreachable(error, server) or Retry("The connection to the mailbox failed", code="imap") from error
