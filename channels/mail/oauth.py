"""Fetch and keep the access tokens that open a mailbox where passwords are no longer taken (OAuth 2, RFC 6749)."""

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import aiohttp

from channels.base import ChannelError, Misconfigured, Retry, Unknown, call_once

_EARLY = 120.0
"""Seconds before its end at which a token is renewed: a mail in hand must still get through."""
_LASTS = 3600.0
"""How long a token lives where the provider does not say."""
_WRONG_FIELD = {
    "invalid_grant": ("oauth_refresh_token", "The mail provider takes this refresh token no more: sign in there again"),
    "invalid_client": ("oauth_client_secret", "The mail provider does not know this client id and secret"),
    "unauthorized_client": ("oauth_client_id", "The mail provider does not let this client fetch such tokens"),
    "unsupported_grant_type": (
        "oauth_refresh_token",
        "The mail provider wants another sign-in: a refresh token, or none",
    ),
    "invalid_scope": ("oauth_scope", "The mail provider does not know the scope that is asked for"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Client:
    """Who we are to the provider. Without a refresh token we ask in our own name (client credentials, Microsoft 365)."""

    url: str
    client_id: str
    secret: str = field(default="", repr=False)
    refresh_token: str = field(default="", repr=False)
    scope: str = ""


class Tokens:
    """The current access token of one mailbox, fetched when first needed and again before it ends."""

    def __init__(self, client: Client, http: aiohttp.ClientSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._http = http
        self._clock = clock
        self._lock = asyncio.Lock()
        self._refresh_token = client.refresh_token
        self._token = ""
        self._until = 0.0

    async def get(self) -> str:
        """A token that is still good. Raises Misconfigured with the wrong setting, or Retry."""
        async with self._lock:
            if not self._token or self._clock() >= self._until:
                await self._fetch()
            return self._token

    def forget(self) -> None:
        """The mail server does not take the token: the next `get` fetches another."""
        self._token = ""

    async def _fetch(self) -> None:
        try:
            status, _, body = await call_once(lambda: self._http.post(self._client.url, data=self._form(), timeout=_TIMEOUT))
        except Unknown as error:  # asking twice for a token does no harm
            raise Retry(error.reason, code="oauth") from error
        except (aiohttp.InvalidURL, ValueError) as error:
            raise _wrong("oauth_token_url", "This is no address of a token service") from error
        answer = _read(body)
        token = answer.get("access_token")
        if status != 200 or not isinstance(token, str) or not token:
            raise _refused(status, answer)
        self._token, self._until = token, self._clock() + max(_seconds(answer.get("expires_in")) - _EARLY, 0.0)
        renewed = answer.get("refresh_token")
        if isinstance(renewed, str) and renewed:
            self._refresh_token = renewed

    def _form(self) -> dict[str, str]:
        client = self._client
        form = {"grant_type": "refresh_token", "refresh_token": self._refresh_token}
        if not self._refresh_token:
            form = {"grant_type": "client_credentials"}
        form |= {"client_id": client.client_id, "client_secret": client.secret, "scope": client.scope}
        return {name: value for name, value in form.items() if value}


_TIMEOUT = aiohttp.ClientTimeout(total=30)


def _read(body: bytes) -> dict[str, object]:
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _seconds(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]  # some providers send it as a string; what is neither is caught
    except (TypeError, ValueError):
        return _LASTS


def _refused(status: int, answer: dict[str, object]) -> ChannelError:
    """The provider's own words are left out: they may name accounts."""
    if status == 429 or status >= 500:
        return Retry(f"The mail provider gives no token now ({status})", code="oauth")
    code = str(answer.get("error", ""))
    if code in _WRONG_FIELD:
        return _wrong(*_WRONG_FIELD[code])
    return _wrong("oauth_token_url", f"No token came from this address ({status}{' ' + code[:60] if code else ''})")


def _wrong(name: str, reason: str) -> Misconfigured:
    return Misconfigured(f"{reason} ({name})", code="oauth", field=name)
