"""Twilio's Event Streams: many events in one signed JSON call."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from channels.base import BadPayload, BadSignature, Hook, Transport
from channels.events import ConsentChanged, DeliveryStatus, Event, InboundMessage, Notice
from channels.sms import SmsConnector, SmsSettings

TOKEN, OURS, ANN = "12345", "+15005550006", "+15005550001"
URL = "https://switchboard.example/hooks/7"
NOW, THEN = datetime(2026, 5, 1, 12, tzinfo=UTC), datetime(2026, 5, 1, 11, tzinfo=UTC)


def make(sender: str = OURS) -> SmsConnector:
    settings = SmsSettings.model_validate({"account_sid": "AC1", "auth_token": TOKEN, "from": sender})
    return SmsConnector(settings, Transport(http=None))  # type: ignore[arg-type]  # nothing is called


def hook(*events: Any) -> Hook:
    body = json.dumps(list(events)).encode()
    url = f"{URL}?bodySHA256={hashlib.sha256(body).hexdigest()}"
    signed = base64.b64encode(hmac.digest(TOKEN.encode(), url.encode(), "sha1")).decode()
    headers = {"content-type": "application/json", "x-twilio-signature": signed}
    return Hook(method="POST", url=url, headers=headers, body=body, received_at=NOW)


def event(kind: str, **data: Any) -> dict[str, Any]:
    common = {"messageSid": "SM1", "timestamp": "2026-05-01T11:00:00.000Z", "accountSid": "AC1", "from": ANN, "to": OURS}
    return {"specversion": "1.0", "type": f"com.twilio.messaging.{kind}", "id": "EZ1", "source": "/m", "data": common | data}


RECEIVED = event("inbound-message.received", body="Ahoy!", numMedia=0)


def read(*events: Any, sender: str = OURS) -> list[Event]:
    connector, given = make(sender), hook(*events)
    connector.verify(given)
    assert connector.answer(given).status == 200
    return list(connector.parse(given))


def test_a_message_is_read_as_from_the_ordinary_webhook() -> None:
    (message,) = read(RECEIVED)
    assert isinstance(message, InboundMessage)
    assert (message.external_id, message.text, message.address, message.at) == ("SM1", "Ahoy!", ANN, THEN)


def test_a_stop_stops() -> None:
    _, consent = read(event("inbound-message.received", body="STOP", numMedia=0))
    assert isinstance(consent, ConsentChanged) and consent.stopped


def test_a_status_is_read_with_our_id() -> None:
    (status,) = read(
        event("message.undelivered", messageStatus="UNDELIVERED", errorCode=30003, to=ANN, statusCallBackUrl=f"{URL}?message=m7")
    )
    assert isinstance(status, DeliveryStatus)
    assert (status.state, status.external_id, status.message_id, status.code) == ("failed", "SM1", "m7", "30003")
    (other,) = read(event("message.sent", messageStatus="SENT", statusCallBackUrl="https://elsewhere.example/x?message=m7"))
    assert isinstance(other, DeliveryStatus) and other.message_id is None


PASSED_OVER = [
    ("another number of the account", event("inbound-message.received", body="Hi", numMedia=0, to="+15005550009")),
    ("media, whose addresses are not told", event("inbound-message.received", body="Hi", numMedia=1)),
    ("on its way", event("message.queued", messageStatus="QUEUED")),
]


@pytest.mark.parametrize("told", [p[1] for p in PASSED_OVER], ids=[p[0] for p in PASSED_OVER])
def test_what_the_ordinary_webhook_knows_better_is_left_to_it(told: Any) -> None:
    assert read(told) == []


def test_a_service_takes_what_came_through_it() -> None:
    told = event("inbound-message.received", body="Hi", numMedia=0, to="+15005550009", messagingServiceSid="MG1")
    assert len(read(told, sender="MG1")) == 1


BROKEN: list[Any] = [
    None,
    7,
    {},
    {"type": 1, "data": {}},
    event("inbound-message.received", messageSid=None),
    event("message.sent", messageStatus="?"),
]


@pytest.mark.parametrize("broken", BROKEN)
def test_a_broken_event_keeps_its_neighbours(broken: Any) -> None:
    found = read(RECEIVED, broken, event("message.read", messageStatus="READ", to=ANN))
    assert [type(each) for each in found] == [InboundMessage, Notice, DeliveryStatus]
    assert isinstance(found[1], Notice) and (found[1].kind, found[1].error) == ("broken", True)


def test_an_event_of_another_product_is_a_notice() -> None:
    (notice,) = read({"type": "com.twilio.voice.insights.call-summary.complete", "data": {"callSid": "CA1"}})
    assert isinstance(notice, Notice) and not notice.error


def test_no_events_at_all_are_refused() -> None:
    with pytest.raises(BadPayload, match="JSON"):
        make().parse(hook())


def test_a_changed_body_is_refused() -> None:
    given = hook(RECEIVED)
    changed = Hook(method="POST", url=given.url, headers=given.headers, body=given.body + b" ", received_at=NOW)
    with pytest.raises(BadSignature, match="bodySHA256"):
        make().verify(changed)
