"""What looks wrong in a row of a file and is taken in all the same, as a name in capitals: told, never refused."""

from inbox.imports.cards import Card
from inbox.quality.cards import Found, look_at


def doubts(card: Card) -> list[Found]:
    """Places are name, fields.<name>, phone and email."""
    claimed = [(n, kind, address) for n, (kind, address) in enumerate(card.addresses)]
    kinds = {f"identity.{n}": kind for n, kind, _ in claimed}
    found = look_at(card.name, card.fields, claimed)
    return [Found(place=kinds.get(each.place, each.place), value=each.value, fault=each.fault) for each in found]
