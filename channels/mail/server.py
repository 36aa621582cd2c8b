"""A mail server to talk to, and what a failed connection to it means: which of its settings is wrong."""

import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.base import ChannelError, Misconfigured, Retry


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """Where a mail server listens and who we are to it. `kind`: smtp or imap. `tls`: none, starttls or ssl.

    With `oauth`, the password is an access token that is fetched anew.
    """

    kind: str
    host: str
    port: int
    tls: str
    user: str
    password: str = field(repr=False)
    oauth: bool = False
    timeout: float = 60.0

    @property
    def title(self) -> str:
        return "SMTP server" if self.kind == "smtp" else "mailbox server"


def wrong(reason: str, name: str, code: str) -> Misconfigured:
    """`name`: the setting to look at."""
    return Misconfigured(f"{reason} ({name})", code=code, field=name)


def unreachable(error: BaseException, server: Server) -> ChannelError | None:
    """What kept us from a server, in words that name the setting; None where it was not the connection."""
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLCertVerificationError):
            words = f"The {server.title}'s certificate is not valid for {server.host}"
            return wrong(words, f"{server.kind}_host", "certificate")
        if isinstance(cause, ssl.SSLError):
            words = f"The {server.title} does not speak TLS at once at port {server.port}"
            return wrong(words, "tls", "tls")
        if isinstance(cause, socket.gaierror) and cause.errno in (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", None)):
            return wrong(f"There is no {server.title} of the name {server.host}", f"{server.kind}_host", "host")
        if isinstance(cause, ConnectionRefusedError):
            words = f"The {server.title} cannot be reached: nothing listens at port {server.port} of {server.host}"
            return Retry(f"{words} ({server.kind}_port)", code="connect")
        if isinstance(cause, TimeoutError):
            return Retry(f"The {server.title} cannot be reached: {_silence(server)}", code="connect")
    return None


def _silence(server: Server) -> str:
    hint = "" if server.tls == "ssl" else ", or it waits for TLS at once (tls)"
    return f"{server.host} does not answer at port {server.port} ({server.kind}_host, {server.kind}_port){hint}"


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: BaseException | None = error
    for _ in range(5):
        if seen is None:
            return
        yield seen
        seen = seen.__cause__ or seen.__context__
