"""Where a request really comes from, also behind a proxy of ours."""

from ipaddress import ip_address

from aiohttp import web


def address(request: web.Request) -> str | None:
    """The caller's address: the connection's own, or, where that is a proxy inside our network, the last one it names.

    Only the nearest outside address in X-Forwarded-For is believed: what stands before it the caller may have written.
    None if nothing outside is known (a proxy that names nobody, a program on this machine): such callers are not told apart.
    """
    if (own := request.remote) and not _inside(own):
        return own
    named = request.headers.get("X-Forwarded-For", "").split(",")
    return next((each for each in map(str.strip, reversed(named)) if each and not _inside(each)), None)


def _inside(given: str) -> bool:
    try:
        found = ip_address(given)
    except ValueError:
        return True
    return not found.is_global
