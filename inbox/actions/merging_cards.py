"""What one card says of two that become one: the kept one's word, but where it is silent or the other's was chosen; and back."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from inbox import schema as t
from inbox.refusals import Invalid

TAKEN = {each: each for each in ("name", "language", "timezone", "birthday", "category")} | {"manager": "manager_id"}
"""What a card says by itself: as the API calls it, and where it stands. Own fields are called fields.<name>."""


def fill_card(
    connection: sa.Connection, now: datetime, by: int | None, card: Any, other: Any, take: Sequence[str]
) -> dict[str, Any]:
    """Write the kept card; what stood there, so that it can be taken back. Raises Invalid for what no card has."""
    chosen, own = _chosen(take)
    empty = {n: getattr(card, n) for n in TAKEN.values() if getattr(other, n) and (not getattr(card, n) or n in chosen)}
    keys = sorted(set(other.fields) - set(card.fields))
    over = {key: card.fields[key] for key in own if key in card.fields and key in other.fields}
    places = [each for each in other.addresses if each not in card.addresses]
    wins = {n for n in empty if getattr(card, n)} | {f"fields.{key}" for key in over}
    edited = sorted(set(other.edited) & {*empty, *(f"fields.{key}" for key in keys)} - set(card.edited))
    values: dict[str, Any] = {n: getattr(other, n) for n in empty}
    values["fields"] = {**card.fields, **{key: other.fields[key] for key in (*keys, *over)}}
    values["addresses"] = [*card.addresses, *places]
    values["edited"] = {**card.edited, **{n: other.edited[n] for n in edited}} | _by_hand(now, by, wins)
    connection.execute(sa.update(t.contacts).where(t.contacts.c.id == card.id).values(values))
    before = {"empty": empty, "keys": keys, "addresses": places, "edited": edited}
    return before | {"over": over, "hands": {n: card.edited.get(n) for n in sorted(wins)}}


def empty_card(connection: sa.Connection, kept: Any, other: Any, filled: Mapping[str, Any]) -> None:
    """What the other card filled in is taken out again, unless a person has changed it since."""
    values: dict[str, Any] = {n: was for n, was in filled["empty"].items() if getattr(kept, n) == getattr(other, n)}
    same = {key for key in other.fields if kept.fields.get(key) == other.fields[key]}
    over = {key: was for key, was in filled.get("over", {}).items() if key in same}
    gone = same & set(filled["keys"])
    values["fields"] = {key: value for key, value in kept.fields.items() if key not in gone} | over
    values["addresses"] = [each for each in kept.addresses if each not in filled["addresses"]]
    hands = {n: was for n, was in filled.get("hands", {}).items() if n in values or n.removeprefix("fields.") in over}
    theirs = dict.fromkeys(n for n in filled["edited"] if kept.edited.get(n) == other.edited.get(n)) | hands
    stays = {n: theirs.get(n, each) for n, each in kept.edited.items()}
    values["edited"] = {n: each for n, each in stays.items() if each is not None}
    connection.execute(sa.update(t.contacts).where(t.contacts.c.id == kept.id).values(values))


def _chosen(take: Sequence[str]) -> tuple[set[str], list[str]]:
    """The card's own columns, and names of fields."""
    own = [each.removeprefix("fields.") for each in take if each.startswith("fields.")]
    plain = [each for each in take if not each.startswith("fields.")]
    if unknown := [each for each in plain if each not in TAKEN]:
        raise Invalid("take", f"A card has no {unknown[0]}; it has {', '.join(TAKEN)} and fields.<name>")
    return {TAKEN[each] for each in plain}, own


def _by_hand(now: datetime, by: int | None, names: set[str]) -> dict[str, Any]:
    """What a person chose no machine changes."""
    return {} if by is None else {name: {"by": by, "at": now.isoformat()} for name in sorted(names)}
