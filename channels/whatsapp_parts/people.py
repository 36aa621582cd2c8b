"""Who a WhatsApp element is about: phone number, business-scoped user id, profile name."""

from collections.abc import Mapping

from channels.events import JSON, Identity, Person
from channels.whatsapp_parts.payload import objects_in, text_of

Contacts = Mapping[str, Mapping[str, JSON]]
"""The contacts of a webhook by phone and by user id, and under "" the only one where there is just one."""

NOBODY: Contacts = {}


def contacts_in(value: Mapping[str, JSON]) -> Contacts:
    """The `contacts` of a webhook value: profile names and user ids of the people it speaks of."""
    listed = [contact for contact in objects_in(value, "contacts") if isinstance(contact, dict)]
    found: dict[str, Mapping[str, JSON]] = {"": listed[0]} if len(listed) == 1 else {}
    for contact in listed:
        for address in (contact.get("wa_id"), contact.get("user_id")):
            if isinstance(address, str) and address:
                found[address.removeprefix("+")] = contact
    return found


def identity_of(address: str) -> Identity:
    """A phone number as E.164; everything else is a user id that WhatsApp gave the person for this business."""
    if address.isascii() and address.isdigit():
        return Identity(kind="phone", address="+" + address)
    return Identity(kind="whatsapp", address=address)


def address_of(wa_id: JSON, user_id: JSON) -> str:
    """Where an answer goes: the phone's digits, or the user id of someone who hides the phone. ValueError: neither is there."""
    address = text_of(wa_id).strip().removeprefix("+") or text_of(user_id).strip()
    if not address:
        raise ValueError("the element names no sender")
    return address


def person_at(address: str, user_id: JSON, contacts: Contacts) -> Person:
    """The person at this address with what `contacts` tells of them."""
    identities = [identity_of(address)]
    contact = _contact_at(address, user_id, contacts)
    name = username = None
    if contact is not None:
        profile = contact.get("profile")
        if isinstance(profile, dict):
            name = text_of(profile.get("name")) or None
            username = text_of(profile.get("username")) or None
        if not user_id and contact.get("wa_id") == address:
            user_id = contact.get("user_id")
    if isinstance(user_id, str) and user_id and user_id != address:
        identities.append(Identity(kind="whatsapp", address=user_id))
    return Person(identities=identities, name=name, username=username)


def _contact_at(address: str, user_id: JSON, contacts: Contacts) -> Mapping[str, JSON] | None:
    """The contact with this address, or the only one there is: some numbers come in two spellings (Brazil, Argentina, Mexico)."""
    named = contacts.get(user_id) if isinstance(user_id, str) and user_id else None
    return contacts.get(address) or named or contacts.get("")


def only_user_id(contacts: Contacts) -> JSON:
    """The user id of the only contact, for a message that names no sender at all."""
    return contacts[""].get("user_id") if "" in contacts else None
