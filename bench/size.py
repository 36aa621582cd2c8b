"""How much is done in each part: the full measure, and a small one that only shows that the bench still works."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Size:
    """Counts of one round."""

    webhooks: int = 12_000
    loops: int = 12_000
    contacts: int = 4_000
    """Different people among the webhooks and loops."""
    half_seconds: float = 8.0
    """How long the loop runs at half its speed."""
    broadcast: int = 20_000
    conversations: int = 1_000_000
    few: int = 1_000
    """The small table that the large one is compared with."""
    pages: int = 200
    """Times that each page is asked for."""
    messages: int = 1_000_000
    """What is searched."""
    people: int = 10_000
    """Conversations before memory is looked at again."""
    cards: int = 1_000_000
    """People among whom duplicates are looked for."""
    operators: int = 1_000
    """Who listen to the stream at once."""
    events: int = 200
    rows: int = 500_000
    """Of a file of people that is imported."""
    window: int = 1_000_000
    """Conversations of a full inbox, each with ten messages."""
    window_lite: int = 100_000
    """The same on SQLite."""
    asks: int = 400
    """Times that each thing is asked of the full inbox."""
    keep: str = ""
    """A folder where the full inboxes stay for the next run; empty: they are gone afterwards."""


FULL = Size()
QUICK = Size(
    webhooks=400, loops=300, contacts=100, half_seconds=1.0, broadcast=600, conversations=5_000, few=200, pages=10, people=300,
    messages=3_000, cards=2_000, operators=50, events=10, rows=2_000, window=1_000,
    window_lite=1_000, asks=12,
)  # fmt: skip
