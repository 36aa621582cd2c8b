"""A mail's layout in the app: its own pictures in their place, others on demand, and the original to download."""

from typing import Any

import pytest

from channels.base import Hook
from inbox.web import keys
from tests.inbox.conftest import Client

MAIL = b"""From: Ann <ann@example.com>
To: support@shop.example
Subject: Lamp
Message-ID: <lamp@example.com>
MIME-Version: 1.0
Content-Type: multipart/related; boundary=b

--b
Content-Type: text/html; charset=utf-8

<p onclick="x()">Broken <img src="cid:a%2Bb@1" alt="lamp > shade"><img src="https://t.example/p.gif?a=1&amp;b=2">
<img src="cid:gone@1" alt="gone"> data-src="http://no.tag/"</p><script>alert(1)</script>
<blockquote>Your lamp is on its way</blockquote>
--b
Content-Type: image/png
Content-ID: <a+b@1>
Content-Transfer-Encoding: base64

iVBORw0KGgo=
--b--
"""


async def came(client: Client, raw: bytes = MAIL) -> dict[str, Any]:
    """A mail comes in; the message as the API shows it."""
    channel = await client.channel("email")
    line = await client.app[keys.ACCOUNTS].line(channel)
    assert line is not None
    hook = Hook(method="MAIL", url="mail:support@shop.example", headers={}, body=raw, received_at=client.clock())
    assert await client.app[keys.HOUSE].intake.take(line, hook)
    (conversation,) = (await client.get("/conversations")).body["items"]
    (message,) = (await client.get(f"/conversations/{conversation['id']}/messages")).body["items"]
    found: dict[str, Any] = message
    return found


async def test_the_layout_has_its_own_pictures_and_loads_no_others(client: Client) -> None:
    message = await came(client)
    html = str(message["html"])
    (attachment,) = message["attachments"]
    assert f'src="{attachment["url"]}"' in html and "cid:" not in html and "<script" not in html and "onclick" not in html
    assert 'data-src="https://t.example/p.gif?a=1&amp;b=2"' in html and ' src="https' not in html


async def test_pictures_from_elsewhere_come_when_asked_for(client: Client) -> None:
    message = await came(client)
    letter = await client.get(f"/messages/{message['id']}/letter")
    page = letter.body.decode()
    assert ' src="https://t.example/p.gif?a=1&amp;b=2"' in page and 'data-src="http://no.tag/"' in page
    policy = letter.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "sandbox" in policy and "script" not in policy
    assert letter.headers["Referrer-Policy"] == "no-referrer"


async def test_the_original_is_one_request_away(client: Client) -> None:
    message = await came(client)
    original = await client.get(f"/messages/{message['id']}/original")
    assert original.body == MAIL
    assert (
        original.headers["Content-Disposition"].startswith("attachment")
        and "sandbox" in original.headers["Content-Security-Policy"]
    )


@pytest.mark.parametrize("what", ["letter", "original"])
async def test_what_is_no_mail_has_neither(client: Client, what: str) -> None:
    conversation = await client.hear(await client.channel("sms"))
    (message,) = (await client.get(f"/conversations/{conversation}/messages")).body["items"]
    assert (await client.get(f"/messages/{message['id']}/{what}")).status == 404
    assert (await client.get(f"/messages/999999/{what}")).status == 404
