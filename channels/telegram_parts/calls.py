"""Calls of the Bot API: https://core.telegram.org/bots/api#making-requests."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import aiohttp
import msgspec

from channels.base import OutgoingFile, Refused, Retry, Unknown, call_once
from channels.telegram_parts.refusals import refusal, result

_JSON = {"Content-Type": "application/json"}
_NO_FILES: Mapping[str, tuple[OutgoingFile, bytes]] = {}


class BotApi:
    """One bot at one Bot API server. The token is part of every address, so no error of ours may carry an address."""

    def __init__(self, http: aiohttp.ClientSession, base: str, token: str) -> None:
        self._http = http
        self._methods = f"{base}/bot{token}/"
        self._files = f"{base}/file/bot{token}/"

    async def call(
        self,
        method: str,
        parameters: Mapping[str, Any],
        files: Mapping[str, tuple[OutgoingFile, bytes]] = _NO_FILES,
        *,
        timeout: float | None = None,
    ) -> Any:
        """The `result` of a method, JSON of Telegram's own shape. Raises as `Connector.send` does."""
        return result(*await self.post(method, parameters, files, timeout=timeout))

    async def post(
        self,
        method: str,
        parameters: Mapping[str, Any],
        files: Mapping[str, tuple[OutgoingFile, bytes]] = _NO_FILES,
        *,
        timeout: float | None = None,
    ) -> tuple[int, bytes]:
        """Status and body of a call, unread. `timeout` in seconds; None leaves it to the session."""
        data = _form(parameters, files) if files else msgspec.json.encode(parameters)
        headers = None if files else _JSON
        limit = aiohttp.ClientTimeout(total=timeout) if timeout else aiohttp.helpers.sentinel
        url = self._methods + method
        return await _without_address(
            lambda: self._http.post(url, data=data, headers=headers, timeout=limit, allow_redirects=False)
        )

    async def fetch(self, path: str) -> bytes:
        """The bytes of a file that getFile found. Raises Retry, Refused or Misconfigured."""
        try:
            status, body = await _without_address(lambda: self._http.get(self._files + path, allow_redirects=False))
        except Unknown as error:
            raise Retry(error.reason, code=error.code) from None
        if status == 404:
            raise Refused("Telegram no longer has the file", code="404")
        if status != 200:
            raise refusal(status, body)
        return body


async def _without_address(request: Callable[[], Awaitable[aiohttp.ClientResponse]]) -> tuple[int, bytes]:
    """`call_once` without the cause of its errors: aiohttp names the whole address there, and with it the token."""
    try:
        status, _, body = await call_once(request)
    except (Retry, Unknown) as error:
        error.__cause__ = error.__context__ = None
        raise error from None
    return status, body


def _form(parameters: Mapping[str, Any], files: Mapping[str, tuple[OutgoingFile, bytes]]) -> aiohttp.FormData:
    form = aiohttp.FormData(quote_fields=False)  # Telegram shows a percent-encoded name as it stands
    for name, value in parameters.items():
        form.add_field(name, value if isinstance(value, str) else msgspec.json.encode(value).decode())
    for name, (file, content) in files.items():
        form.add_field(
            name, content, filename=_printable(file.name) or name, content_type=file.mime or "application/octet-stream"
        )
    return form


def _printable(name: str) -> str:
    """A name without what would break out of its header."""
    return "".join(c for c in name if c.isprintable() and c not in '"\\')
