"""Calls to Twilio's APIs: where each of them is, our credentials, and what an answer that is no success means."""

import base64
import json
from collections.abc import Coroutine, Mapping, Sequence
from urllib.parse import urlencode, urlsplit

import aiohttp
from yarl import URL

from channels.base import Misconfigured, Refused, Retry, Unknown, call_once
from channels.events import JSON
from channels.sms_parts import errors

_FORM = "application/x-www-form-urlencoded"
_CHUNK = 64 * 1024
_TWILIO = "twilio.com"

Answered = tuple[int, Mapping[str, str], bytes]


class Api:
    """One account's access. `base` may be a stand-in that answers for all of Twilio's hosts."""

    def __init__(self, http: aiohttp.ClientSession, base: str, account_sid: str, token: bytes) -> None:
        self._http = http
        self._base = base.rstrip("/")
        credentials = base64.b64encode(account_sid.encode() + b":" + token).decode()
        self._authorized = {"Authorization": f"Basic {credentials}"}
        self.account = f"{self._base}/2010-04-01/Accounts/{account_sid}"
        self.messages = URL(f"{self.account}/Messages.json")

    def on(self, product: str, path: str) -> str:
        """An address of another of Twilio's APIs, each of which has a host of its own: messaging, content."""
        host = urlsplit(self._base).hostname or ""
        return f"https://{product}.{_TWILIO}{path}" if _is_twilios(host) else f"{self._base}{path}"

    @property
    def is_twilio(self) -> bool:
        return _is_twilios(urlsplit(self._base).hostname or "")

    async def post(self, url: str | URL, form: Sequence[tuple[str, str]]) -> Answered:
        """One attempt, for what must not be done twice. Raises Retry or Unknown; the answer may be a refusal."""
        headers = self._authorized | {"Content-Type": _FORM}
        body = urlencode(form).encode()
        return await call_once(lambda: self._http.post(url, data=body, headers=headers))

    async def change(self, url: str, values: Mapping[str, str] | None = None, *, whole: JSON = None) -> Mapping[str, JSON]:
        """Set something to a value (so it may be repeated), by form or as JSON. Raises whatever the answer means."""
        kind, body = (_FORM, urlencode(values or {})) if whole is None else ("application/json", json.dumps(whole))
        headers = self._authorized | {"Content-Type": kind}
        return _read(await _repeatable(call_once(lambda: self._http.post(url, data=body.encode(), headers=headers))))

    async def get(self, url: str, **query: str) -> Mapping[str, JSON]:
        """Read something. Raises Misconfigured where the answer is not Twilio's."""
        address = f"{url}?{urlencode(query)}" if query else url
        return _read(await _repeatable(call_once(lambda: self._http.get(address, headers=self._authorized))))

    async def download(self, url: str, limit: int) -> Answered:
        """Bytes, with our credentials if they lie at Twilio's. Raises Refused as soon as it is clear that they are too many."""
        host = urlsplit(url).hostname or ""
        ours = host == urlsplit(self._base).hostname or _is_twilios(host)
        return await _repeatable(self._read_limited(url, self._authorized if ours else {}, limit))

    async def _read_limited(self, url: str, headers: Mapping[str, str], limit: int) -> Answered:
        try:
            async with self._http.get(url, headers=headers) as response:
                if (response.content_length or 0) > limit:
                    raise _too_large(limit)
                content = bytearray()
                async for chunk in response.content.iter_chunked(_CHUNK):
                    content += chunk
                    if len(content) > limit:
                        raise _too_large(limit)
                return response.status, response.headers, bytes(content)
        except (TimeoutError, aiohttp.ClientError, OSError):
            raise Retry("The attachment could not be fetched from Twilio", code="broken") from None


def _is_twilios(host: str) -> bool:
    return host == _TWILIO or host.endswith(f".{_TWILIO}")


def _too_large(limit: int) -> Refused:
    return Refused(f"The attachment is larger than {limit // (1024 * 1024)} MB", code="too_large")


async def _repeatable(call: Coroutine[None, None, Answered]) -> Answered:
    """A broken connection is Retry, never Unknown, where a second call does no harm."""
    try:
        return await call
    except Unknown as error:
        raise Retry(error.reason, code=error.code) from error


def _read(answered: Answered) -> Mapping[str, JSON]:
    status, headers, content = answered
    errors.raise_for(status, headers, content)
    try:
        found = json.loads(content)
    except ValueError as error:
        raise Misconfigured("What answers at this address is not Twilio's API") from error
    if not isinstance(found, dict):
        raise Misconfigured("What answers at this address is not Twilio's API")
    return found
