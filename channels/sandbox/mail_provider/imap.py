"""A small IMAP4rev1 server with IDLE (RFC 3501, RFC 2177): one account, one folder, the commands that mail readers need."""

import asyncio
import base64
import re
from collections.abc import Callable
from contextlib import suppress

from channels.sandbox.mail_provider.box import Box
from channels.sandbox.mail_provider.search import BadCommand, chosen, search, show

_LITERAL = re.compile(rb"\{(\d+)\+?\}\r?\n$")
_ATOM = re.compile(r'"((?:\\.|[^"\\])*)"|(\S+)')


class ImapServer:
    """Serves `box` to who knows the password, or shows a token that `knows` takes.

    `idle` False: a server without IDLE, as some still are.
    """

    def __init__(self, box: Box, user: str, password: str, knows: Callable[[bytes, str], bool], idle: bool = True) -> None:
        self.knows = knows
        self.box = box
        self.user = user
        self.password = password
        self.idle = idle
        self.port = 0
        self._server: asyncio.Server
        self._sessions: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self, host: str) -> None:
        self._server = await asyncio.start_server(self._session, host, self.port, limit=2**20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close the port and cut all sessions, as an outage does."""
        self._server.close()
        for writer in tuple(self._writers):
            writer.transport.abort()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self._server.wait_closed()

    async def _session(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        self._writers.add(writer)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await _Session(self, reader, writer).run()
        finally:
            self._sessions.discard(task)
            self._writers.discard(writer)
            writer.close()


class _Session:
    """One connection."""

    def __init__(self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._box = server.box
        self._reader = reader
        self._writer = writer
        self._state = "new"
        self._told = 0
        self._open = True

    async def run(self) -> None:
        await self._say("* OK [CAPABILITY " + self._capabilities() + "] Sandbox mail is ready")
        while self._open:
            line = await self._command()
            if not line:
                return
            tag, _, rest = line.partition(" ")
            await self._answer(tag, rest)

    def _capabilities(self) -> str:
        return "IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 UIDPLUS" + (" IDLE" if self._server.idle else "")

    async def _say(self, line: str) -> None:
        self._writer.write(line.encode() + b"\r\n")
        await self._writer.drain()

    async def _command(self) -> str:
        """One command with its literals put in their place as quoted strings."""
        line = await self._reader.readline()
        while match := _LITERAL.search(line):
            await self._say("+ go on")
            literal = await self._reader.readexactly(int(match[1]))
            quoted = literal.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
            line = line[: match.start()] + b'"' + quoted + b'"' + await self._reader.readline()
        return line.decode("utf-8", "replace").strip("\r\n")

    async def _answer(self, tag: str, rest: str) -> None:
        name, _, arguments = rest.partition(" ")
        name = name.upper()
        if name == "UID":
            name, _, arguments = arguments.partition(" ")
            name = f"UID_{name.upper()}"
        command = getattr(self, f"_do_{name.lower()}", None)
        try:
            if command is None or (self._state == "new" and name not in _BEFORE_LOGIN):
                raise BadCommand("Unknown command here")
            await self._say(f"{tag} {await command(arguments)}")
        except (BadCommand, ValueError, IndexError) as error:
            await self._say(f"{tag} BAD {error}")

    async def _news(self) -> None:
        """Tell of mails that came since we last told; IMAP allows it before the end of any command."""
        if self._state == "selected" and len(self._box.mails) != self._told:
            self._told = len(self._box.mails)
            await self._say(f"* {self._told} EXISTS")

    async def _do_capability(self, _: str) -> str:
        await self._say("* CAPABILITY " + self._capabilities())
        return "OK Done"

    async def _do_noop(self, _: str) -> str:
        await self._news()
        return "OK Done"

    async def _do_logout(self, _: str) -> str:
        await self._say("* BYE See you")
        self._open = False
        return "OK Done"

    async def _do_login(self, arguments: str) -> str:
        user, password = (re.sub(r"\\(.)", r"\1", quoted) or bare for quoted, bare in _ATOM.findall(arguments))
        return self._let_in(user, password)

    async def _do_authenticate(self, arguments: str) -> str:
        if arguments.upper() == "XOAUTH2":
            return await self._take_token()
        if arguments.upper() != "PLAIN":
            return "NO Only PLAIN and XOAUTH2 are known here"
        await self._say("+ ")
        _, user, password = base64.b64decode(await self._reader.readline()).decode().split("\0")
        return self._let_in(user, password)

    async def _take_token(self) -> str:
        """Who is refused hears why in a challenge first, as Google's and Microsoft's servers do it."""
        await self._say("+ ")
        if self._server.knows(base64.b64decode(await self._reader.readline()), self._server.user):
            self._state = "known"
            return "OK Welcome"
        await self._say("+ " + base64.b64encode(b'{"status":"401","schemes":"Bearer"}').decode())
        await self._reader.readline()
        return "NO [AUTHENTICATIONFAILED] The token is not good"

    def _let_in(self, user: str, password: str) -> str:
        if (user, password) != (self._server.user, self._server.password):
            return "NO [AUTHENTICATIONFAILED] Wrong user name or password"
        self._state = "known"
        return "OK Welcome"

    async def _do_select(self, arguments: str, rights: str = "READ-WRITE") -> str:
        if arguments.strip('"').upper() != "INBOX":
            return "NO [NONEXISTENT] There is no such folder"
        self._state, self._told = "selected", len(self._box.mails)
        for line in (
            f"* {self._told} EXISTS",
            "* 0 RECENT",
            "* FLAGS (\\Seen \\Answered \\Flagged \\Deleted \\Draft)",
            f"* OK [UIDVALIDITY {self._box.validity}] Valid",
            f"* OK [UIDNEXT {self._box.next_uid}] Next",
        ):
            await self._say(line)
        return f"OK [{rights}] Open"

    async def _do_examine(self, arguments: str) -> str:
        return await self._do_select(arguments, "READ-ONLY")

    async def _do_status(self, arguments: str) -> str:
        box = self._box
        unseen = sum("\\Seen" not in mail.flags for mail in box.mails)
        known = {"MESSAGES": len(box.mails), "UIDNEXT": box.next_uid, "UIDVALIDITY": box.validity, "UNSEEN": unseen, "RECENT": 0}
        asked = re.findall(r"[A-Z]+", arguments.partition("(")[2].upper())
        await self._say('* STATUS "INBOX" (' + " ".join(f"{name} {known[name]}" for name in asked if name in known) + ")")
        return "OK Done"

    async def _do_list(self, _: str) -> str:
        await self._say('* LIST (\\HasNoChildren) "/" "INBOX"')
        return "OK Done"

    async def _do_search(self, arguments: str) -> str:
        await self._say("* SEARCH" + "".join(f" {number}" for number, _ in search(self._box, arguments)))
        return "OK Done"

    async def _do_uid_search(self, arguments: str) -> str:
        await self._say("* SEARCH" + "".join(f" {mail.uid}" for _, mail in search(self._box, arguments)))
        await self._news()
        return "OK Done"

    async def _do_fetch(self, arguments: str, by_uid: bool = False) -> str:
        numbers, _, wanted = arguments.partition(" ")
        items = wanted.strip("() ").split()
        if by_uid and "UID" not in (item.upper() for item in items):
            items.insert(0, "UID")
        for number, mail in chosen(self._box, numbers, by_uid):
            self._writer.write(b"* %d FETCH " % number + show(mail, items) + b"\r\n")
            await self._writer.drain()
        return "OK Done"

    async def _do_uid_fetch(self, arguments: str) -> str:
        return await self._do_fetch(arguments, by_uid=True)

    async def _do_store(self, arguments: str, by_uid: bool = False) -> str:
        numbers, action, flags = arguments.split(" ", 2)
        given = set(flags.strip("()").split())
        for number, mail in chosen(self._box, numbers, by_uid):
            sign = action[0]
            mail.flags = mail.flags | given if sign == "+" else mail.flags - given if sign == "-" else given
            if not action.upper().endswith(".SILENT"):
                await self._say(f"* {number} FETCH (UID {mail.uid} FLAGS ({' '.join(sorted(mail.flags))}))")
        return "OK Done"

    async def _do_uid_store(self, arguments: str) -> str:
        return await self._do_store(arguments, by_uid=True)

    async def _do_expunge(self, _: str) -> str:
        for number in self._box.expunge():
            await self._say(f"* {number} EXPUNGE")
        self._told = len(self._box.mails)
        return "OK Done"

    async def _do_close(self, _: str) -> str:
        self._box.expunge()
        self._state = "known"
        return "OK Done"

    async def _do_idle(self, _: str) -> str:
        """Say what is new until the client says DONE."""
        if not self._server.idle:
            raise BadCommand("IDLE is not known here")
        changed = asyncio.Event()
        forget = self._box.listen(changed.set)
        done = asyncio.ensure_future(self._reader.readline())
        try:
            await self._say("+ idling")
            while not done.done():
                await self._news()
                news = asyncio.ensure_future(changed.wait())
                await asyncio.wait({done, news}, return_when=asyncio.FIRST_COMPLETED)
                news.cancel()
                changed.clear()
            return "OK Done" if done.result().strip().upper() == b"DONE" else "BAD DONE was expected"
        finally:
            forget()
            done.cancel()


_BEFORE_LOGIN = {"CAPABILITY", "NOOP", "LOGOUT", "LOGIN", "AUTHENTICATE"}
