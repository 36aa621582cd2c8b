"""The API's resources, one file each. Importing this package defines every endpoint."""

from inbox.web.api import (
    broadcasts,
    channels,
    contacts,
    conversations,
    events,
    files,
    flows,
    letters,
    messages,
    meta,
    people,
    reports,
    session,
    tasks,
    templates,
    webhooks,
)

__all__ = [
    "broadcasts",
    "channels",
    "contacts",
    "conversations",
    "events",
    "files",
    "flows",
    "letters",
    "messages",
    "meta",
    "people",
    "reports",
    "session",
    "tasks",
    "templates",
    "webhooks",
]
