"""Turn one WhatsApp status element into what became of our message."""

from collections.abc import Mapping

from channels.events import JSON, ConsentChanged, DeliveryStatus, Event, Notice
from channels.whatsapp_parts.errors import STOPPED_MARKETING, error_code, reason_of
from channels.whatsapp_parts.messages import Source
from channels.whatsapp_parts.payload import objects_in, text_of, time_of
from channels.whatsapp_parts.people import address_of, person_at

_STATES = {"sent": "sent", "delivered": "delivered", "read": "read", "played": "read", "failed": "failed"}


def read_status(element: Mapping[str, JSON], source: Source) -> list[Event]:
    """The delivery status; a refusal because of the person's own stop is a change of consent as well."""
    status = text_of(element.get("status"))
    state = _STATES.get(status)
    if state is None or element.get("type") == "call":
        return [Notice(kind="call" if element.get("type") == "call" else "status", text=f"Status {status}", data=element)]
    user_id = element.get("recipient_user_id") or element.get("recipient_bsuid")
    address = text_of(element.get("recipient_id")).removeprefix("+") or text_of(user_id)
    error = next((e for e in objects_in(element, "errors") if isinstance(e, dict)), {}) if state == "failed" else {}
    external_id, message_id = text_of(element.get("id")), text_of(element.get("biz_opaque_callback_data"))
    if not external_id and not message_id:
        raise ValueError("a status names no message")
    delivery = DeliveryStatus(
        state=state,
        at=time_of(element.get("timestamp"), source.received_at),
        external_id=external_id,
        message_id=message_id or None,
        code=error_code(error),
        reason=reason_of(error) if state == "failed" else "",
        address=address,
    )
    if delivery.code == STOPPED_MARKETING and address:
        return [delivery, _stopped(delivery, user_id, source)]
    return [delivery]


def _stopped(delivery: DeliveryStatus, user_id: JSON, source: Source) -> ConsentChanged:
    address = address_of(delivery.address, user_id)
    return ConsentChanged(
        sender=person_at(address, user_id, source.contacts),
        address=address,
        stopped=True,
        at=delivery.at,
        source="whatsapp:marketing_messages",
        marketing_only=True,
    )
