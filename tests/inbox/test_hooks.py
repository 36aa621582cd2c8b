"""One webhook address for several accounts of a provider: each part goes to its own channel."""

import hashlib
import hmac
import json
from typing import Any

import aiohttp
import pytest
import sqlalchemy as sa
from aiohttp import web

from channels.base import Transport
from inbox import accounts, files
from inbox import schema as t
from inbox.accounts import Accounts, Vault
from inbox.db import Database
from inbox.intake import Intake
from inbox.settings import Settings
from inbox.spool import Spool
from inbox.web import hooks, keys
from tests.inbox.chat_desk import NOW

SECRET = "app secret"


def change(number: str | None, text: str) -> dict[str, Any]:
    message = {"from": "491700000001", "id": f"wamid.{text}", "timestamp": "1700000000", "type": "text", "text": {"body": text}}
    value: dict[str, Any] = {"messaging_product": "whatsapp", "messages": [message]}
    if number is not None:
        value["metadata"] = {"display_phone_number": "1", "phone_number_id": number}
    return {"field": "messages", "value": value}


def delivery(*entries: list[dict[str, Any]]) -> bytes:
    listed = [{"id": "waba", "changes": changes} for changes in entries]
    return json.dumps({"object": "whatsapp_business_account", "entry": listed}).encode()


async def posted(settings: Settings, db: Database, body: bytes, numbers: tuple[str, ...]) -> dict[str, str]:
    """Post to the first of these numbers' channels; returns by text which number's channel has it."""
    vault = Vault(settings.key)
    with db.begin() as connection:
        made = {
            accounts.add(
                connection, NOW, vault, "whatsapp", number,
                {"phone_number_id": number, "access_token": "a", "app_secret": SECRET, "verify_token": "v"},
            ): number
            for number in numbers
        }  # fmt: skip
    async with aiohttp.ClientSession() as http:
        app = web.Application()
        app[keys.SETTINGS], app[keys.ACCOUNTS] = settings, Accounts(db, vault, Transport(http=http))
        app[keys.INTAKE] = Intake(db, files.Store(settings.data / "files"), Spool(settings.data / "spool", "test"))
        hooks.setup(app)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        signed = {"X-Hub-Signature-256": f"sha256={hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}"}
        url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks/{next(iter(made))}"
        for _ in range(2):  # a provider may repeat
            async with http.post(url, data=body, headers=signed) as response:
                assert response.status == 200
        await app[keys.ACCOUNTS].close()
        await runner.cleanup()
    m = t.messages.c
    rows = await db.read(lambda c: c.execute(sa.select(m.text, m.channel_id)).all())
    assert len({row.text for row in rows}) == len(rows)
    return {row.text: made[row.channel_id] for row in rows}


CASES: dict[str, tuple[bytes, tuple[str, ...], dict[str, str]]] = {
    "one number, its own": (delivery([change("100", "a")]), ("100", "200"), {"a": "100"}),
    "one number, a sibling's": (delivery([change("200", "a")]), ("100", "200"), {"a": "200"}),
    "both in one entry": (delivery([change("100", "a"), change("200", "b")]), ("100", "200"), {"a": "100", "b": "200"}),
    "both in two entries": (delivery([change("100", "a")], [change("200", "b")]), ("100", "200"), {"a": "100", "b": "200"}),
    "a number nobody has": (delivery([change("300", "a"), change("200", "b")]), ("100", "200"), {"a": "100", "b": "200"}),
    "no number": (delivery([change(None, "a"), change("200", "b")]), ("100", "200"), {"a": "100", "b": "200"}),
    "only one channel": (delivery([change("200", "a")]), ("100",), {"a": "100"}),
}


@pytest.mark.parametrize(("body", "numbers", "expected"), CASES.values(), ids=CASES.keys())
async def test_each_number_gets_what_is_its_own(
    settings: Settings, db: Database, body: bytes, numbers: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert await posted(settings, db, body, numbers) == expected
