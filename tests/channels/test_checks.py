"""What a channel's check finds, kind by kind: each thing that users get wrong is named, with what to do about it."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
import pytest

from channels.base import ChannelError, Check, Misconfigured, Retry, Transport, Unknown
from channels.registry import connector_type
from channels.sandbox.base import Phones, StandIn, serve
from channels.sandbox.sms import TwilioStandIn
from channels.sandbox.whatsapp import WhatsAppStandIn

OURS = "https://inbox.example/hooks/1"
OTHERS = "https://other.example/secret-path-of-somebody"


@asynccontextmanager
async def checked(stand_in: StandIn, **settings: str) -> AsyncIterator[dict[str, Check]]:
    """The checks of a channel that is connected to this stand-in, by name."""
    kind = connector_type(stand_in.kind)
    async with serve(stand_in), aiohttp.ClientSession() as http:
        values = stand_in.settings() | settings
        connector = kind(kind.settings_type.model_validate(values), Transport(http=http))
        found = await connector.checks(OURS)
        assert not any(secret in str(found) for name, secret in values.items() if "token" in name or "secret" in name)
        assert all(each.mend for each in found if each.state == "error"), "who reads of an error reads what to do"
        yield {each.name: each for each in found}
        await connector.close()


def whatsapp(**facts: Any) -> WhatsAppStandIn:
    stand_in = WhatsAppStandIn(Phones())
    stand_in.webhook = OURS
    for name, value in facts.items():
        setattr(stand_in, name, value)
    return stand_in


async def test_a_whatsapp_number_without_fault_says_so() -> None:
    async with checked(whatsapp()) as found:
        assert set(found) == {"token", "permissions", "number", "webhook"}
        assert {each.state for each in found.values()} == {"ok"}


def ends_in(**time: float) -> int:
    return int((datetime.now(UTC) + timedelta(**time)).timestamp())


@pytest.mark.parametrize(
    ("facts", "settings", "name", "state", "words"),
    [
        pytest.param({}, {"access_token": "wrong"}, "token", "error", "expired", id="wrong token"),
        pytest.param({"token_ends": ends_in(hours=3)}, {}, "token", "warning", "Expires on", id="token of a day"),
        pytest.param({"token_ends": ends_in(days=50)}, {}, "token", "ok", "Expires on", id="token of two months"),
        pytest.param({}, {"phone_number_id": "999"}, "number", "error", "does not exist", id="wrong number id"),
        pytest.param({"number_status": "PENDING"}, {}, "number", "error", "pending", id="number not registered"),
        pytest.param({"quality": "RED"}, {}, "quality", "warning", "low", id="low quality"),
        pytest.param({"webhook": ""}, {}, "webhook", "error", "no address", id="no webhook"),
        pytest.param({"webhook": OTHERS}, {}, "webhook", "error", "other.example", id="another's webhook"),
        pytest.param({"manages_account": False}, {}, "permissions", "warning", "management is missing", id="permission"),
    ],
)
async def test_what_is_wrong_with_a_whatsapp_number(
    facts: Mapping[str, Any], settings: Mapping[str, str], name: str, state: str, words: str
) -> None:
    async with checked(whatsapp(**facts), **settings) as found:
        assert (found[name].state, words in found[name].text) == (state, True), found
        assert "secret-path" not in str(found)


def twilio(change: Callable[[TwilioStandIn], object] = lambda t: None, sender: str = "+15005550006") -> TwilioStandIn:
    stand_in = TwilioStandIn(Phones(), sender=sender)
    account = stand_in.account
    for each in [*account.numbers, *account.services.values()]:
        each["sms_url" if "sms_url" in each else "inbound_request_url"] = OURS
    for each in account.senders:
        each["webhook"]["callback_url"] = OURS
    change(stand_in)
    return stand_in


@pytest.mark.parametrize("sender", ["+15005550006", "MG" + "a" * 32, "whatsapp:+15005550006"])
async def test_a_twilio_sender_without_fault_says_so(sender: str) -> None:
    async with checked(twilio(sender=sender)) as found:
        assert found["webhook"].state == found["token"].state == "ok", found


def point(url: str | None) -> Callable[[TwilioStandIn], object]:
    return lambda t: t.account.numbers[0].update(sms_url=url)


@pytest.mark.parametrize(
    ("change", "settings", "name", "state", "words"),
    [
        pytest.param(lambda t: None, {"auth_token": "wrong"}, "token", "error", "", id="wrong token"),
        pytest.param(point(OTHERS), {}, "webhook", "error", "other.example", id="another's webhook"),
        pytest.param(point(""), {}, "webhook", "error", "no address", id="no webhook"),
        pytest.param(lambda t: None, {"from": "+15005550099"}, "sender", "error", "does not belong", id="another's number"),
        pytest.param(lambda t: None, {"from": "Daisies"}, "sender", "warning", "cannot answer", id="a name"),
        pytest.param(
            lambda t: t.account.numbers[0].update(sms_application_sid="AP1"), {}, "webhook", "error", "TwiML", id="an application"
        ),
        pytest.param(
            lambda t: t.account.numbers[0]["capabilities"].update(sms=False), {}, "sender", "error", "SMS", id="only calls"
        ),
    ],
)
async def test_what_is_wrong_with_a_twilio_sender(
    change: Callable[[TwilioStandIn], object], settings: Mapping[str, str], name: str, state: str, words: str
) -> None:
    async with checked(twilio(change), **settings) as found:
        assert (found[name].state, words in found[name].text) == (state, True), found
        assert "secret-path" not in str(found)


@pytest.mark.parametrize(
    ("error", "state"), [(Misconfigured("No"), "error"), (Retry("Busy"), "warning"), (Unknown("Broken"), "warning")]
)
def test_what_cannot_be_asked_now_is_no_verdict(error: ChannelError, state: str) -> None:
    check = Check.failed("token", error, "Copy it again")
    assert (check.state, check.text) == (state, error.reason) and check.mend
