"""What the demo's shop has known before its first customer writes, told through the public API as any program would tell it.

The steps stand in `shop/past.yaml`: one call each, in order.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from typing import Any

import aiohttp
import sqlalchemy as sa
import structlog
import yaml

from inbox import schema as t
from inbox.access import sign_in
from inbox.house import House

_SHOP = resources.files("inbox.cli") / "shop"
_UNITS = {"h": "hours", "d": "days"}
_NAMED = re.compile(r"\$(person:[^/]+|\w+)")
_PATIENCE = 60.0
"""Seconds that the import may take; customers write then in any case."""
_log = structlog.get_logger(__name__)


async def tell(house: House, email: str) -> list[str]:
    """Tell everything as this person. What is refused is left out, logged and returned: a demo begins in any case."""
    refused = []
    async with _caller(house, email) as call:
        names: dict[str, Any] = {}
        for step in yaml.safe_load((_SHOP / "past.yaml").read_text()):
            try:
                await (_bring_in(call, step["import"]) if "import" in step else _take(call, step, names))
            except (aiohttp.ClientError, TimeoutError, LookupError) as error:
                _log.warning("demo_step_refused", step=next(iter(step.values())), why=str(error))
                refused.append(f"{step}: {error!r}")
    return refused


class _Call:
    """The API with a token. (`Any`: JSON.)"""

    def __init__(self, http: aiohttp.ClientSession, url: str) -> None:
        self.http, self.url = http, f"{url}/api/v1"

    async def __call__(self, method: str, path: str, **more: Any) -> Any:
        async with self.http.request(method, self.url + path, **more) as response:
            if response.status >= 400:
                raise LookupError(f"{method} {path}: {await response.text()}")
            return await response.json() if response.status != 204 else None


@asynccontextmanager
async def _caller(house: House, email: str) -> AsyncIterator[_Call]:
    """Signed in by a token that lives as long as this block."""
    manager = await house.db.read(lambda c: c.scalars(sa.select(t.managers.c.id).where(t.managers.c.email == email)).one())
    number, secret = await house.db.run(sign_in.add_token, datetime.now(UTC), manager, "the demo's past")
    try:
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {secret}"}) as http:
            yield _Call(http, house.settings.base_url)
    finally:
        await house.db.run(sign_in.revoke_token, datetime.now(UTC), manager, number)


async def _take(call: _Call, step: Mapping[str, Any], names: dict[str, Any]) -> None:
    method = "POST" if "post" in step else "PATCH"
    path = await _named(call, step[method.lower()], names)
    made = await call(method, str(path), json=await _filled(call, step["body"], names))
    names[step.get("as", "")] = made["id"]


async def _filled(call: _Call, value: Any, names: Mapping[str, Any]) -> Any:
    """The body with its times and ids."""
    if isinstance(value, dict):
        if value.keys() <= {"in", "ago"}:
            return _moment(value)
        return {name: await _filled(call, each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [await _filled(call, each, names) for each in value]
    return await _named(call, value, names) if isinstance(value, str) else value


def _moment(value: Mapping[str, str]) -> str:
    (way, length), *_ = value.items()
    span = timedelta(**{_UNITS[length[-1]]: int(length[:-1])})
    return (datetime.now(UTC) + (span if way == "in" else -span)).isoformat()


async def _named(call: _Call, text: str, names: Mapping[str, Any]) -> str | int:
    """The text with ids in place of names; an id alone is a number."""
    for name in _NAMED.findall(text):
        number = await _person(call, name.removeprefix("person:")) if name.startswith("person:") else names[name]
        if text == f"${name}":
            return int(number)
        text = text.replace(f"${name}", str(number))
    return text


async def _person(call: _Call, name: str) -> int:
    found = await call("GET", "/contacts", params={"q": name})
    return int(next(each["id"] for each in found["items"] if each["name"] == name))


async def _bring_in(call: _Call, name: str) -> None:
    """Upload, look over, take in; as the import page does."""
    form = aiohttp.FormData()
    form.add_field("file", (_SHOP / name).read_bytes(), filename=name, content_type="text/csv")
    number = (await call("POST", "/imports", data=form))["id"]
    await call("PATCH", f"/imports/{number}", json={"country": "RU", "verified": True})
    async with asyncio.timeout(_PATIENCE):
        await call("POST", f"/imports/{number}/start")
        while (await call("GET", f"/imports/{number}"))["state"] not in ("done", "failed"):  # noqa: ASYNC110
            await asyncio.sleep(0.2)
