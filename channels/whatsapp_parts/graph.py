"""Calls to Meta's Graph API: JSON in and out, its errors turned into ours."""

from collections.abc import Mapping

import aiohttp
import msgspec

from channels.base import call_once
from channels.events import JSON
from channels.whatsapp_parts.errors import provider_error

TIMEOUT = aiohttp.ClientTimeout(total=20, connect=10)
AGENT = "Switchboard/1.0.0"
"""Meta's OpenAPI document wants NAME/MAJOR.MINOR.PATCH; what HTTP clients say by themselves does not fit it."""
FILE_TIMEOUT = aiohttp.ClientTimeout(total=120, connect=10)


class Graph:
    """One account's access to the API. Raises Retry, Throttled, Refused, Blocked, Misconfigured or Unknown."""

    def __init__(self, http: aiohttp.ClientSession, base: str, token: str) -> None:
        self._http = http
        self._authorization = {"Authorization": f"Bearer {token}", "User-Agent": AGENT}
        self._json_headers = {**self._authorization, "Content-Type": "application/json"}
        self.base = base.rstrip("/")
        self.timeout = TIMEOUT

    async def post(self, path: str, body: Mapping[str, JSON]) -> Mapping[str, JSON]:
        data = msgspec.json.encode(body)
        url = f"{self.base}/{path}"
        return _answer(
            *await call_once(
                lambda: self._http.post(url, data=data, headers=self._json_headers, timeout=self.timeout, allow_redirects=False)
            )
        )

    async def post_form(self, path: str, form: aiohttp.FormData) -> Mapping[str, JSON]:
        url = f"{self.base}/{path}"
        return _answer(
            *await call_once(
                lambda: self._http.post(url, data=form, headers=self._authorization, timeout=FILE_TIMEOUT, allow_redirects=False)
            )
        )

    async def get(self, path: str, **query: str) -> Mapping[str, JSON]:
        url = f"{self.base}/{path}"
        return _answer(
            *await call_once(
                lambda: self._http.get(
                    url, params=query, headers=self._authorization, timeout=self.timeout, allow_redirects=False
                )
            )
        )

    async def fetch(self, url: str) -> tuple[str, bytes]:
        """(type, content) of a file that Meta keeps. The address must have been checked: the token goes with it."""
        status, headers, body = await call_once(
            lambda: self._http.get(url, headers=self._authorization, timeout=FILE_TIMEOUT, allow_redirects=False)
        )
        if status != 200:
            raise provider_error(status, headers, _object(body))
        return headers.get("Content-Type", ""), body


def _answer(status: int, headers: Mapping[str, str], body: bytes) -> Mapping[str, JSON]:
    answer = _object(body)
    if 200 <= status < 300 and answer is not None and "error" not in answer:
        return answer
    raise provider_error(status, headers, answer)


def _object(body: bytes) -> Mapping[str, JSON] | None:
    try:
        found = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
