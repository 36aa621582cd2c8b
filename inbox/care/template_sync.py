"""Ask providers for their lists of templates, when it is time or somebody asks."""

import asyncio
from datetime import UTC, datetime

import structlog

from channels.base import ChannelError
from inbox.care import provider_templates
from inbox.care.provider_templates import AGAIN, Synced
from inbox.house import House
from inbox.refusals import Conflict, NotFound

PATIENCE = 60.0
"""Seconds that a provider may take for all pages of its list."""

log = structlog.get_logger()


async def sync(house: House, channel_id: int, now: datetime) -> Synced:
    """Read a channel's list. Raises NotFound, or Conflict with what the provider says against it."""
    line = await house.accounts.line(channel_id)
    if line is None:
        raise NotFound(f"There is no channel {channel_id}")
    try:
        async with asyncio.timeout(PATIENCE):
            listed = await line.connector.templates()
    except (ChannelError, TimeoutError) as error:
        reason = error.reason if isinstance(error, ChannelError) else "The provider does not answer"
        await house.db.run(provider_templates.note_sync, channel_id, now + AGAIN, error=reason)
        raise Conflict(f"The templates could not be listed: {reason}") from error
    return await house.db.run(provider_templates.keep, now, channel_id, listed)


async def sync_due(house: House) -> None:
    """Read every list that is due; one that fails is tried again later and keeps what it was."""
    for channel_id in await house.db.read(provider_templates.due, datetime.now(UTC)):
        try:
            synced = await sync(house, channel_id, datetime.now(UTC))
        except (Conflict, NotFound) as refusal:
            log.warning("templates could not be listed", channel=channel_id, reason=type(refusal.__cause__).__name__)
            continue
        log.info("templates listed", channel=channel_id, added=synced.added, changed=synced.changed, removed=synced.removed)
