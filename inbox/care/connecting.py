"""Introduce a channel to its provider: check the settings there, tell it our webhook address, and keep what it answered."""

from dataclasses import dataclass

from channels.base import Account, ChannelError, Misconfigured
from inbox import accounts
from inbox.house import House


@dataclass(frozen=True, kw_only=True, slots=True)
class Introduction:
    """What came of it. `error`: why the provider could not be asked, or what is wrong. The channel stays on our side."""

    webhook: str
    account: Account | None = None
    error: str = ""


def webhook(base_url: str, channel_id: int) -> str:
    """Where the provider of this channel delivers."""
    return f"{base_url}/hooks/{channel_id}"


async def introduce(house: House, channel_id: int) -> Introduction:
    """Ask the provider. Raises LookupError if there is no such channel.

    A provider that is only out of reach for now says nothing against the channel, so its state is left alone.
    """
    await house.accounts.refresh(only_stale=False)
    line = await house.accounts.line(channel_id)
    if line is None:
        raise LookupError(f"There is no channel {channel_id}")
    address = webhook(house.settings.base_url, channel_id)
    try:
        account = await line.connector.connect(address)
    except ChannelError as error:
        if isinstance(error, Misconfigured):
            await house.db.run(accounts.note_account, channel_id, None, error.reason)
        return Introduction(webhook=address, error=error.reason)
    await house.db.run(accounts.note_account, channel_id, account)
    return Introduction(webhook=address, account=account)
