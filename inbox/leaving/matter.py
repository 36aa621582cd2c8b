"""What becomes of every row that has to do with an erased person: the list that erasing works by, and a test walks.

Why rows are kept at all: docs/decisions/0032-erasure.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import sqlalchemy as sa

from inbox.schema.base import metadata


@dataclass(frozen=True, kw_only=True, slots=True)
class Fate:
    """`by`: the column that names the contact, the conversation or the message; empty where `inbox.leaving` finds the rows in a
    way of its own. `values`: what an emptied row holds afterwards."""

    what: Literal["kept", "emptied", "deleted"]
    why: str
    by: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)


def _kept(why: str) -> Fate:
    return Fate(what="kept", why=why)


def _deleted(why: str, by: str = "contact_id") -> Fate:
    return Fate(what="deleted", why=why, by=by)


def _emptied(why: str, by: str, **values: Any) -> Fate:
    return Fate(what="emptied", why=why, by=by, values=values)


FATES: Mapping[str, Fate] = {
    # The card
    "contacts": _emptied(
        "Conversations, tasks and recipients point to it; nothing of the person is left in it", "",
        name="", language=None, timezone=None, fields={}, source="", birthday=None, category=None, addresses=[], origin={},
        edited={}, greeting=None,
    ),
    "contact_tags": _deleted("Says what the person is"),
    "contact_changes": _deleted("The history of the card holds what stood on it"),
    "contact_events": _deleted("What other systems told of the person"),
    "identities": _deleted("Their addresses; who writes from one of them again is somebody new"),
    "identity_claims": _deleted("Their addresses, as somebody said"),
    "identity_checks": _deleted("Codes sent to their addresses", ""),
    "reaches": _deleted("Their addresses; a stop they said lives on as a keyed hash (`suppressions`)"),
    "duplicates": _deleted("Says whom the person resembles", ""),
    "duplicate_keys": _deleted("Made from their name and addresses"),
    "merges": _emptied("Who merged what when is kept; what stood on the cards before is not", "", before={}),
    "merge_rows": _deleted("Addresses and tags that a merge moved", ""),
    "segment_members": _deleted("Nobody chooses an erased person"),
    "import_rows": _deleted("What a file said of the person; the import keeps its counts"),
    "employments": _deleted("Where the person works"),
    "quality_findings": _deleted("Quotes what is wrong on the card"),
    "quality_repairs": _deleted("Holds what stood on the card before a repair"),
    # What was said
    "messages": _emptied(
        "Times, states and who wrote are counted; of the provider's id a keyed hash stays, against repeats", "",
        text="", html=None, subject=None, data=None, address="", thread="", external_id=None, idempotency_key=None, reason="",
    ),
    "versions": _deleted("What a message said before", "message_id"),
    "reactions": _deleted("What the person felt about a message", "message_id"),
    "message_parts": _deleted("The provider's ids of what was said; keyed hashes stay, against repeats", "message_id"),
    "attachments": _emptied(
        "How many files of what kind and size came", "message_id",
        name="", remote={}, content_id=None, sha256=None, state="failed", reason="erased", try_at=None,
    ),
    "files": _deleted("The contents, unless somebody else has the same one", ""),
    "raw_bodies": _emptied("When something came in and what became of it", "", url="", headers={}, body=b"", error=""),
    "notices": _emptied("That a provider told something", "", text="", data=None),
    "loose_statuses": _deleted("A provider's id of what was said, often with the number in it", ""),
    # What was worked on
    "conversations": _emptied(
        "Who answered, when, how it ended", "", address="", subject=None, last_text="", close_summary=None, bot=False
    ),
    "conversation_labels": _kept("Our words for what a request was about"),
    "conversation_links": _kept("Only numbers of conversations"),
    "mentions": _kept("Which colleague was called when"),
    "drafts": _deleted("What a colleague began to write", "conversation_id"),
    "flow_sessions": _deleted("What the person told a bot", "conversation_id"),
    "tasks": _emptied("What was late, and who did it", "contact_id", title=""),
    "events": _emptied("Reports and audit read who did what when; words in `data` go", ""),
    "undo_steps": _deleted("What stood in a conversation before somebody's step", ""),
    "recipients": _emptied("A broadcast's figures", "contact_id", address=None, reason=""),
    "erasures": _kept("That the person was erased, and by whose wish"),
    "erased_files": _kept("Empties itself as files are removed"),
}  # fmt: skip


PERSONAL = frozenset({"contacts", "conversations", "messages", "identities", "attachments", "raw_bodies", "files"})
_NAMED = frozenset({"contact_id", "conversation_id", "message_id", "identity_id", "merged_id", "low_id", "raw_id", "sha256"})


def concerned() -> set[str]:
    """Every table that holds something of a person, by its columns and by what they point to."""
    return {
        table.name
        for table in metadata.sorted_tables
        if table.name in PERSONAL
        or any(column.name in _NAMED and not _of_others(column) for column in table.columns)
        or any(key.column.table.name in PERSONAL for key in table.foreign_keys)
    }


def _of_others(column: sa.Column[Any]) -> bool:
    """`merged_id` of two organisations, say."""
    return any(key.column.table.name not in PERSONAL for key in column.foreign_keys)


def apply(connection: sa.Connection, by: str, ids: Any) -> None:
    """Empty or delete the rows of every table whose column `by` is among `ids` (numbers, or a select of them)."""
    for name, fate in FATES.items():
        table = metadata.tables.get(name)
        if table is None or fate.by != by:
            continue
        mine = table.c[by].in_(ids)
        if fate.what == "deleted":
            connection.execute(sa.delete(table).where(mine))
        elif fate.what == "emptied":
            connection.execute(sa.update(table).where(mine).values(dict(fate.values)))
