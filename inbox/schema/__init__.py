"""Every table, in one namespace: `from inbox import schema as t`, then `t.messages`."""

from inbox.schema.base import Instant, Json, metadata
from inbox.schema.bots import (
    broadcasts,
    flow_sessions,
    flows,
    provider_templates,
    recipients,
    segments,
    template_syncs,
    templates,
)
from inbox.schema.channels import channels, notices, raw_bodies, spool_marks
from inbox.schema.contacts import contact_tags, contacts, identities, reaches
from inbox.schema.conversations import (
    OUTGOING_STATES,
    STATUSES,
    attachments,
    conversations,
    files,
    loose_statuses,
    message_parts,
    messages,
    reactions,
    tasks,
    versions,
)
from inbox.schema.events import events, idempotency, leases, sequences, webhooks
from inbox.schema.people import ROLES, managers, sessions, team_members, teams, tokens
from inbox.schema.work import close_reasons, conversation_links, labels, macros, undo_steps, work_rules
from inbox.schema.writing import canned, drafts

__all__ = [
    "OUTGOING_STATES",
    "ROLES",
    "STATUSES",
    "Instant",
    "Json",
    "attachments",
    "broadcasts",
    "canned",
    "channels",
    "close_reasons",
    "contact_tags",
    "contacts",
    "conversation_links",
    "conversations",
    "drafts",
    "events",
    "files",
    "flow_sessions",
    "flows",
    "idempotency",
    "identities",
    "labels",
    "leases",
    "loose_statuses",
    "macros",
    "managers",
    "message_parts",
    "messages",
    "metadata",
    "notices",
    "provider_templates",
    "raw_bodies",
    "reaches",
    "reactions",
    "recipients",
    "segments",
    "sequences",
    "sessions",
    "spool_marks",
    "tasks",
    "team_members",
    "teams",
    "template_syncs",
    "templates",
    "tokens",
    "undo_steps",
    "versions",
    "webhooks",
    "work_rules",
]
