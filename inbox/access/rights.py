"""Who may do what: the only place where a role is turned into rights."""

from collections.abc import Mapping
from enum import StrEnum


class Right(StrEnum):
    """One thing that a person may do. Every endpoint and every live event names the one it needs."""

    SELF = "self"
    """Whatever concerns only oneself: own sessions, own tokens, own name."""
    CONVERSATIONS_READ = "conversations.read"
    CONVERSATIONS_WRITE = "conversations.write"
    WORK_WRITE = "work.write"
    """What everybody works with: labels, reasons to close, shared macros."""
    CONTACTS_READ = "contacts.read"
    CONTACTS_WRITE = "contacts.write"
    IMPORTS_READ = "imports.read"
    IMPORTS_WRITE = "imports.write"
    """Files of people: take them in, undo that."""
    EXPORTS_READ = "exports.read"
    """Take people's data out of here: lists, and everything about one person."""
    ERASURES_WRITE = "erasures.write"
    """Erase a person, for good."""
    TASKS_READ = "tasks.read"
    TASKS_WRITE = "tasks.write"
    TEMPLATES_READ = "templates.read"
    TEMPLATES_WRITE = "templates.write"
    FLOWS_READ = "flows.read"
    FLOWS_WRITE = "flows.write"
    BROADCASTS_READ = "broadcasts.read"
    BROADCASTS_WRITE = "broadcasts.write"
    PEOPLE_READ = "people.read"
    PEOPLE_WRITE = "people.write"
    """Teams, and others' name, capacity and availability."""
    ROLES_WRITE = "roles.write"
    """New people, roles, others' passwords, shutting people out."""
    CHANNELS_READ = "channels.read"
    CHANNELS_WRITE = "channels.write"
    RAW_READ = "raw.read"
    """Raw bodies as providers sent them, and their replay."""
    EVENTS_READ = "events.read"
    REPORTS_READ = "reports.read"
    WEBHOOKS_WRITE = "webhooks.write"


_ALL = frozenset(Right)
_READ = frozenset(r for r in Right if r.endswith(".read")) - {Right.RAW_READ, Right.IMPORTS_READ, Right.EXPORTS_READ}
_OWNER_ONLY = {Right.ROLES_WRITE, Right.CHANNELS_WRITE, Right.WEBHOOKS_WRITE}
_EVERYBODY = {
    Right.SELF,
    Right.CONVERSATIONS_READ,
    Right.CONTACTS_READ,
    Right.PEOPLE_READ,
    Right.CHANNELS_READ,
    Right.TEMPLATES_READ,
}

ROLE_RIGHTS: Mapping[str, frozenset[Right]] = {
    "owner": _ALL,
    "lead": _ALL - _OWNER_ONLY,
    "operator": frozenset(
        _EVERYBODY | {Right.CONVERSATIONS_WRITE, Right.CONTACTS_WRITE, Right.TASKS_READ, Right.TASKS_WRITE},
    ),
    "marketer": frozenset(
        _EVERYBODY
        | {Right.FLOWS_READ, Right.FLOWS_WRITE, Right.TEMPLATES_WRITE, Right.BROADCASTS_READ, Right.BROADCASTS_WRITE}
        | {Right.IMPORTS_READ, Right.IMPORTS_WRITE},
    ),
    "viewer": _READ | {Right.SELF},
}


def rights(role: str) -> frozenset[Right]:
    """What somebody of this role may do."""
    return ROLE_RIGHTS[role]
