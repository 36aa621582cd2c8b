"""Whether an address leads inside our own network, where a stranger's link must not send our server."""

import asyncio
import ipaddress
import socket

from yarl import URL


async def inward(url: str) -> bool:
    """True if the address's host is, or resolves to, anything but the public internet. A host nobody knows is not."""
    host = URL(url).host or ""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return any(not ipaddress.ip_address(str(entry[4][0]).partition("%")[0]).is_global for entry in found)
