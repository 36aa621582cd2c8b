"""Where customers write besides the bot's own chat: business accounts and groups, in and out over the stand-in."""

from dataclasses import replace

import pytest

from channels.base import Blocked, Refused
from channels.events import DeliveryStatus, InboundMessage, Notice
from channels.sandbox.base import Draft
from channels.sandbox.telegram import TelegramStandIn
from channels.telegram import TelegramConnector
from tests.channels import telegram_bot
from tests.channels.telegram_bot import ANNA, BORIS, OLGA, Inbox, connected, message
from tests.channels.telegram_spec import hold_to_the_specification

held = pytest.fixture(autouse=True)(hold_to_the_specification)
stand_in, connector = telegram_bot.stand_in, telegram_bot.connector


async def heard(inbox: Inbox, count: int) -> InboundMessage:
    """The newest message, after so many events."""
    await inbox.pull_until(count)
    event = inbox.events[-1]
    assert isinstance(event, InboundMessage), event
    return event


async def test_a_business_account_is_answered_in_its_own_name(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    anna, inbox, chats = stand_in.phones.customers[ANNA], Inbox(connector), stand_in.chats
    account = chats.circles.connect(OLGA)
    chats.write_to_business(account, anna, "Are you open?")
    question = await heard(inbox, 2)
    assert isinstance(inbox.events[0], Notice) and inbox.events[0].text == "Olga Orlova connected"
    assert (question.address, question.thread, question.echo) == (ANNA, f"{account}:{ANNA}", False)

    sent = await connector.send(message("Till six", address=question.address, extra=question.reply_context))
    assert (stand_in.received[-1]["business_connection_id"], sent.thread) == (account, question.thread)
    await connector.read(question.address, question.external_id, question.reply_context)
    assert list(stand_in.read_marks) == [(ANNA, int(question.external_id))]

    chats.write_to_business(account, anna, "Or seven", by_owner=True)
    owner = await heard(inbox, 4)
    assert (owner.echo, owner.sender.identities[0].address, owner.data["written_by"]) == (True, ANNA, "Olga Orlova")
    back = inbox.events[2]
    assert isinstance(back, DeliveryStatus), "what the bot itself sent is no message of the owner's"
    assert (back.external_id, back.thread) == (sent.external_ids[0], sent.thread)

    chats.circles.disconnect(account)
    with pytest.raises(Blocked, match="no longer connected"):
        await connector.send(message("Hello?", extra=question.reply_context))


async def test_after_a_business_account_the_bots_own_chat_is_answered_there(
    stand_in: TelegramStandIn, connector: TelegramConnector
) -> None:
    anna, inbox = stand_in.phones.customers[ANNA], Inbox(connector)
    stand_in.chats.write_to_business(stand_in.chats.circles.connect(OLGA), anna, "To the shop")
    await stand_in.write(anna, Draft(text="To the bot"))
    context = (await heard(inbox, 3)).reply_context
    assert context, "an empty one would leave the business account standing"
    await connector.send(message("From the bot", extra=context))
    assert "business_connection_id" not in stand_in.received[-1]
    await connector.read(ANNA, "5", context)
    assert not stand_in.read_marks


async def test_in_a_group_everybody_is_a_contact_of_their_own_and_answered_there(
    stand_in: TelegramStandIn, connector: TelegramConnector
) -> None:
    inbox, people = Inbox(connector), stand_in.phones.customers
    group = stand_in.chats.circles.open_group("Neighbours")
    asked = []
    for number, person in enumerate((ANNA, BORIS), 1):
        stand_in.chats.write_in_group(group, people[person], f"/ask from {person}")
        asked.append(await heard(inbox, number))
    assert [(m.sender.identities[0].address, m.address, m.thread, m.subject) for m in asked] == [
        (ANNA, f"{group}:{ANNA}", group, "Neighbours"),
        (BORIS, f"{group}:{BORIS}", group, "Neighbours"),
    ]
    sent = await connector.send(message("To Anna", address=asked[0].address, extra=asked[0].reply_context))
    call = stand_in.received[-1]
    assert (call["chat_id"], sent.thread) == (group, group)
    assert call["reply_parameters"] == {"message_id": int(asked[0].external_id), "allow_sending_without_reply": True}
    await connector.typing(asked[0].address, extra=asked[0].reply_context)
    assert stand_in.actions[-1] == (group, "typing")
    with pytest.raises(Refused, match="not sent into a group"):
        await connector.send(replace(message("Sale!", address=asked[0].address), bulk=True))


async def test_a_group_that_became_a_supergroup_gets_its_answer(stand_in: TelegramStandIn, connector: TelegramConnector) -> None:
    group = stand_in.chats.circles.open_group("Neighbours")
    new = stand_in.chats.circles.upgrade(group)
    sent = await connector.send(message("Still here", address=f"{group}:{ANNA}", extra={"message_id": 5}))
    assert (sent.thread, stand_in.received[-1]["chat_id"]) == (new, new)


async def test_groups_can_be_ignored(stand_in: TelegramStandIn) -> None:
    async with connected(stand_in, groups="ignore") as connector:
        inbox, anna = Inbox(connector), stand_in.phones.customers[ANNA]
        stand_in.chats.write_in_group(stand_in.chats.circles.open_group("Neighbours"), anna, "to all")
        await stand_in.write(anna, Draft(text="to the bot"))
        assert (await heard(inbox, 1)).text == "to the bot"
