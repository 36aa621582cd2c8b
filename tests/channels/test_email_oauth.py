"""A mailbox that is opened with access tokens: fetched over real HTTP, shown over real SMTP and IMAP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import pytest
from pydantic import ValidationError

from channels.base import ChannelError, Misconfigured, OutgoingMessage, Retry, Transport
from channels.email import EmailConnector, EmailSettings
from channels.mail.oauth import Client, Tokens
from channels.sandbox.base import Customer, Phones, serve
from channels.sandbox.email import MailStandIn

ANN = "ann.lee@example.com"
HELLO = OutgoingMessage(id="m-1", address=ANN, text="Hello", subject="Order")


@dataclass
class Room:
    mail: MailStandIn
    http: aiohttp.ClientSession

    def connect(self, **changes: str) -> EmailConnector:
        given = self.mail.settings() | self.mail.oauth_settings() | changes
        return EmailConnector(EmailSettings.model_validate(given), Transport(http=self.http))

    def tokens(self, clock: list[float]) -> Tokens:
        client = EmailSettings.model_validate(self.mail.settings() | self.mail.oauth_settings()).oauth()
        assert client is not None
        return Tokens(client, self.http, clock=lambda: clock[0])


@pytest.fixture
async def room() -> AsyncIterator[Room]:
    mail = MailStandIn(Phones([Customer(id="ann", name="Ann", language="en", addresses={"email": ANN})]))
    async with serve(mail), aiohttp.ClientSession() as http:
        yield Room(mail, http)


async def test_mail_is_sent_and_the_mailbox_opened_with_one_token(room: Room) -> None:
    connector = room.connect()
    assert (await connector.connect("")).notes == ("The password travels without encryption",)
    await connector.send(HELLO)
    await connector.close()
    assert [shown.text for shown in room.mail.sent_to(ANN)] == ["Hello"]
    assert len(room.mail.tokens.asked) == 1


async def test_a_token_that_was_revoked_is_replaced_once(room: Room) -> None:
    connector = room.connect()
    await connector.connect("")
    room.mail.tokens.revoke()
    await connector.connect("")
    await connector.send(HELLO)
    await connector.close()
    assert len(room.mail.tokens.asked) == 2


async def test_without_a_refresh_token_the_client_asks_in_its_own_name(room: Room) -> None:
    await room.connect(oauth_refresh_token="", oauth_scope="https://mail.example/.default").connect("")
    asked = room.mail.tokens.asked[0]
    assert asked["grant_type"] == "client_credentials" and asked["scope"] == "https://mail.example/.default"
    assert "refresh_token" not in asked


async def test_a_token_is_kept_until_shortly_before_its_end(room: Room) -> None:
    clock = [0.0]
    tokens = room.tokens(clock)
    first = await tokens.get()
    clock[0] = 3600 - 121
    assert await tokens.get() == first
    clock[0] = 3600 - 119
    assert await tokens.get() != first


async def test_a_renewed_refresh_token_is_used_from_then_on(room: Room) -> None:
    tokens = room.tokens([0.0])
    tokens._refresh_token = room.mail.tokens.refresh_token = "another"
    assert await tokens.get()


WRONG: list[tuple[str, dict[str, str], type[ChannelError], str]] = [
    ("a refresh token that is over", {"oauth_refresh_token": "old"}, Misconfigured, "oauth_refresh_token"),
    ("a wrong client", {"oauth_client_secret": "wrong"}, Misconfigured, "oauth_client_secret"),
    ("a wrong address", {"oauth_token_url": "{base}/nothing"}, Misconfigured, "oauth_token_url"),
    ("no server there", {"oauth_token_url": "http://127.0.0.1:9/token"}, Retry, ""),
    ("another user's token", {"user": "eve@shop.example"}, Misconfigured, "oauth_refresh_token"),
]


@pytest.mark.parametrize("server", ["smtp_host", "imap_host"])
@pytest.mark.parametrize(("changes", "error", "field"), [c[1:] for c in WRONG], ids=[c[0] for c in WRONG])
async def test_what_is_refused_names_its_setting(
    room: Room, server: str, changes: dict[str, str], error: type[ChannelError], field: str
) -> None:
    filled = {name: value.format(base=room.mail.base_url) for name, value in changes.items()}
    with pytest.raises(error) as caught:
        await room.connect(**{server: ""}, **filled).connect("")
    assert getattr(caught.value, "field", "") == field
    assert "sandbox-client-secret" not in caught.value.reason and "sandbox-refresh-token" not in caught.value.reason


async def test_a_token_service_out_of_order_is_asked_again_later(room: Room) -> None:
    room.mail.tokens.broken = True
    with pytest.raises(Retry, match="503"):
        await room.connect().send(HELLO)


def test_secrets_do_not_show() -> None:
    client = Client(url="https://x.example", client_id="id", secret="hidden-1", refresh_token="hidden-2")
    assert "hidden" not in repr(client)


HALVES = [
    ({"oauth_token_url": "https://x.example/token"}, "oauth_client_id"),
    ({"oauth_token_url": "https://x.example/token", "oauth_client_id": "id"}, "oauth_refresh_token"),
    ({"oauth_client_id": "id"}, "oauth_token_url"),
    ({"oauth_token_url": "token"}, "https"),
]


@pytest.mark.parametrize(("given", "name"), HALVES)
def test_half_a_client_is_no_client(given: dict[str, str], name: str) -> None:
    with pytest.raises(ValidationError, match=name):
        EmailSettings.model_validate({"address": "a@b.example", "smtp_host": "h"} | given)
