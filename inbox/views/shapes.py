"""Small shapes that several views show."""

from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, kw_only=True, slots=True)
class Named:
    """Something by its name: a manager, a team, a contact."""

    id: int
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelName:
    """A channel by its name."""

    id: int
    kind: str
    name: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Actor:
    """Who did it: a contact, a manager, a bot or the system. The name is null where there is no person."""

    kind: str
    id: int | None
    name: str | None


@lru_cache(4096)
def channel_named(number: int, kind: str, name: str) -> ChannelName:
    """The same few channels stand in every row of a list: one object each."""
    return ChannelName(id=number, kind=kind, name=name)


@lru_cache(4096)
def named(number: int | None, name: str | None) -> Named | None:
    """For an outer join."""
    return None if number is None else Named(id=number, name=name or "")
