"""Twilio's content templates in the inbox: named by a person or by their SID, sent by SID, with nothing to attach."""

import pytest
import sqlalchemy as sa

from channels.sms_parts.templates import read
from inbox.actions.template_use import prepare
from inbox.care import provider_templates
from inbox.refusals import Invalid
from tests.inbox.conftest import START
from tests.inbox.story import Story

CONTENT = {
    "sid": "HX1",
    "friendly_name": "ready",
    "language": "ru",
    "types": {
        "twilio/media": {"body": "Заказ {{1}} готов", "media": ["https://shop.example/{{2}}.jpg"]},
    },
    "approval_requests": {"status": "approved", "category": "UTILITY"},
}


@pytest.fixture
def story(trial: sa.Connection) -> Story:
    return Story(trial, START)


@pytest.mark.parametrize("name", ["ready", "HX1"])
def test_a_template_is_found_by_its_name_or_sid_and_sent_by_sid(story: Story, name: str) -> None:
    channel = story.channel("sms")
    provider_templates.keep(story.connection, START, channel, [read(CONTENT, whatsapp=True)])
    use = {"name": name, "language": "ru", "variables": {"1": "17", "2": "box"}}
    prepared = prepare(story.connection, channel, use, [], has_place=False)
    assert (prepared.template["external_id"], prepared.text) == ("HX1", "Заказ 17 готов")


def test_every_variable_is_asked_for(story: Story) -> None:
    channel = story.channel("sms")
    provider_templates.keep(story.connection, START, channel, [read(CONTENT, whatsapp=True)])
    with pytest.raises(Invalid, match="takes 2"):
        prepare(story.connection, channel, {"name": "ready", "language": "ru", "variables": {"1": "17"}}, [], has_place=False)
