"""What a customer means who answers a colleague's numbered question with "2" or a word: the choice is noted beside their words.

Where a bot asked, the bot understands by itself; a pressed button says its choice with the message.
"""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from channels.base import Choice
from channels.fit import understand
from inbox import live
from inbox import schema as t
from inbox.respond.facts import Case
from inbox.store import bulk
from inbox.store.within import within


def note_chosen(connection: sa.Connection, cases: Sequence[Case]) -> None:
    """Note what was chosen in the conversations that people have."""
    asked = _asked(connection, [case.id for case in cases if not case.row.bot])
    rows = [row for case in cases if (choices := asked.get(case.id)) for row in _rows(case.heard, choices)]
    bulk.execute(connection, _CHOSEN, rows)
    for case in cases:
        if case.id in asked:
            for message in case.heard:
                live.tell(connection, "message", conversation_id=case.id, message_id=message.id)


def _asked(connection: sa.Connection, conversations: Sequence[int]) -> dict[int, list[Choice]]:
    """The choices of each conversation's last message of ours, if it had some."""
    if not conversations:
        return {}
    found = bulk.fetch(connection, _LAST, {"conversations": conversations})
    return {
        row.conversation_id: [Choice(id=str(each["id"]), title=str(each["title"])) for each in row.data["choices"]]
        for row in found
        if (row.data or {}).get("choices")
    }


def _rows(heard: Sequence[Any], choices: Sequence[Choice]) -> list[dict[str, Any]]:
    rows = []
    for message in heard:
        data = message.data or {}
        found = None if "choice" in data else understand(message.text, choices)
        if found is not None:
            rows.append({"message": message.id, "told": {**data, "choice": found.id, "chosen": found.title}})
    return rows


_M = t.messages.c
_newest = (
    sa.select(sa.func.max(_M.id))
    .where(within(_M.conversation_id, "conversations"), _M.direction == "out")
    .group_by(_M.conversation_id)
)
_LAST = sa.select(_M.conversation_id, _M.data).where(_M.id.in_(_newest))
_CHOSEN = sa.update(t.messages).where(_M.id == sa.bindparam("message")).values(data=sa.bindparam("told", type_=t.Json))
