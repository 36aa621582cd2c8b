"""Turn the raw bytes of a mail into an event. Never fails: whatever can be read of a mail is shown."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from channels.events import ConsentChanged, Event, Identity, InboundMessage, Person
from channels.mail import addresses, automatic, bounces, correspondents, headers, html, parts, readable, replies, thread
from channels.mail.headers import Mail


@dataclass(frozen=True, kw_only=True, slots=True)
class _Texts:
    """The mail's words: all of them, and for display the new ones, the old ones and the HTML."""

    whole: str
    reply: replies.Reply
    html: str | None


def events(raw: bytes, *, address: str, envelope: str, received_at: datetime) -> Sequence[Event]:
    """The mail as a message, and for a spam complaint the stop that it means. `address` is our own mailbox."""
    mail = parts.read(raw)
    content = parts.content(mail)
    message = _message(mail, content, raw, address, envelope, received_at)
    complainant = bounces.complaint(mail, content)
    if not complainant:
        return [message]
    person = Person(identities=(Identity(kind="email", address=complainant, verified=False),))
    return [
        message,
        ConsentChanged(sender=person, address=complainant, stopped=True, at=message.at, source="complaint", marketing_only=True),
    ]


def _message(
    mail: Mail, content: parts.Content, raw: bytes, address: str, envelope: str, received_at: datetime
) -> InboundMessage:
    texts = _texts(content)
    place = thread.place(mail, raw, address, envelope)
    people = correspondents.read(mail, address, place.external_id)
    bounce = bounces.bounce(mail, content, texts.whole)
    machine = automatic.kind(mail, [kind for kind, _ in content.reports]) if bounce is None else "bounce"
    return InboundMessage(
        external_id=place.external_id,
        sender=people.person,
        address=people.address,
        at=_written_at(mail, received_at),
        text=texts.reply.text,
        html=texts.html,
        subject=headers.text(mail, "Subject") or None,
        attachments=tuple(content.files),
        reply_to=next(iter(place.answers), None),
        answers=place.answers,
        references=place.references,
        token=place.token,
        auto_reply=machine == "auto_reply",
        report=machine == "report",
        bounce=bounce,
        echo=people.echo,
        data=_data(mail, texts),
        # What a machine wrote is nothing to answer, so it leaves alone what is known of the person's last mail.
        reply_context={} if machine else people.context(headers.text(mail, "Subject"), place.external_id),
    )


def _texts(content: parts.Content) -> _Texts:
    plain = "\n".join(content.texts).replace("\r\n", "\n").replace("\x00", "").replace(readable.QUOTE, "")
    rich = html.bearable("\n".join(content.htmls))
    read = plain if plain.strip() else readable.to_text(rich)
    reply = replies.split(read)
    return _Texts(whole=read.replace(readable.QUOTE, ""), reply=reply, html=html.sanitise(rich) if rich.strip() else None)


def _written_at(mail: Mail, received_at: datetime) -> datetime:
    """The Date header, unless the sender's clock is in the future: such a mail would stand on top for ever."""
    written = headers.date(mail)
    return written if written and written <= received_at + timedelta(hours=1) else received_at


def _data(mail: Mail, texts: _Texts) -> dict[str, object]:
    listed = {name.lower(): [str(one) for one in addresses.mailboxes(mail, name)] for name in ("To", "Cc")}
    found: dict[str, object] = {name: people for name, people in listed.items() if people}
    if texts.reply.quoted:
        found["quoted"] = texts.reply.quoted
    return found
