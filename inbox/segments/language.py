"""The language of segments: which people, as JSON. Strict, and with a version, so that what is stored can be read for ever.

    {"version": 1, "match": {"kind": "all", "of": [
        {"kind": "tag", "tags": ["vip"]},
        {"kind": "wrote", "days": 30, "not": true},
        {"kind": "any", "of": [{"kind": "field", "name": "city", "op": "is", "value": "Тула"}, {"kind": "language", "languages": ["ru"]}]}
    ]}}

Every condition takes `not`. A day is a date of UTC; `days` count back from the moment at which the segment is asked.
"""  # noqa: E501 an example

from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

VERSION = 1
DEEPEST = 4
MOST = 60
"""Groups inside groups, and conditions in all: more than anybody can read."""


def _day(value: str) -> str:
    if not 1970 <= date.fromisoformat(value).year <= 9000:
        raise ValueError("This day is too far away")
    return value


def _plain(value: int | float) -> int | float:
    if abs(value) > 10**15:
        raise ValueError("This number is too large")
    return value


Id = Annotated[int, Field(ge=1, le=2**63 - 1)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Name = Annotated[str, StringConstraints(pattern=r'^[^"\\\x00]{1,100}$')]
Number = Annotated[int | float, AfterValidator(_plain)]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d\d-\d\d$"), AfterValidator(_day)]


class Part(BaseModel):
    """Base of everything in a filter."""

    model_config = ConfigDict(
        extra="forbid", strict=True, frozen=True, allow_inf_nan=False, use_attribute_docstrings=True, serialize_by_alias=True,
        validate_by_name=True, validate_by_alias=True,
    )  # fmt: skip


class _Condition(Part):
    negated: bool = Field(False, alias="not")
    """Of whom this is not true."""


class Tagged(_Condition):
    """Have one of these tags."""

    kind: Literal["tag"]
    tags: Annotated[list[Word], Field(min_length=1, max_length=50)]


class FieldIs(_Condition):
    """Have such a field on the card. A list has (`is`) what stands in it."""

    kind: Literal["field"]
    name: Name
    op: Literal["is", "contains", "above", "below", "set"]
    value: Word | Number | bool | None = None
    """`above` and `below`: a number, or a day like 2026-11-22."""

    _takes: ClassVar[dict[str, tuple[type, ...]]] = {
        "is": (str, int, float, bool), "contains": (str,), "above": (str, int, float), "below": (str, int, float),
        "set": (type(None),),
    }  # fmt: skip

    @model_validator(mode="after")
    def _fits(self) -> "FieldIs":
        boolean = isinstance(self.value, bool) and self.op != "is"
        if boolean or not isinstance(self.value, self._takes[self.op]):
            raise ValueError(f"`{self.op}` does not take this value")
        if self.op in ("above", "below") and isinstance(self.value, str):
            _day(self.value)
        return self


class Speaks(_Condition):
    """Speak one of these languages; null: nobody knows which. `pt` is also pt-BR."""

    kind: Literal["language"]
    languages: Annotated[
        list[Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$")] | None],
        Field(min_length=1, max_length=50),
    ]


class Managed(_Condition):
    """One of these managers is responsible; null: nobody is."""

    kind: Literal["manager"]
    managers: Annotated[list[Id | None], Field(min_length=1, max_length=50)]


class Categorised(_Condition):
    """Are in one of these categories; null: in none."""

    kind: Literal["category"]
    categories: Annotated[list[Word | None], Field(min_length=1, max_length=50)]


class CameFrom(_Condition):
    """What brought them: an advert, the parameter of a link."""

    kind: Literal["source"]
    op: Literal["is", "contains"]
    value: Word


class _When(_Condition):
    days: Annotated[int, Field(ge=1, le=3650)] | None = None
    """Within so many days."""
    since: Day | None = None


class _Period(_When):
    @model_validator(mode="after")
    def _one(self) -> "_Period":
        if (self.days is None) == (self.since is None):
            raise ValueError("Give either days or since")
        return self


class Created(_Period):
    """We met them within this time."""

    kind: Literal["created"]


class Wrote(_Period):
    """They wrote within this time."""

    kind: Literal["wrote"]
    channel: Id | None = None


class Got(_When):
    """Something was sent to them (`sent`), or they opened what was sent (`read`): within this time, or by one broadcast."""

    kind: Literal["sent", "read"]
    channel: Id | None = None
    broadcast: Id | None = None

    @model_validator(mode="after")
    def _one(self) -> "Got":
        if sum(each is not None for each in (self.days, self.since, self.broadcast)) != 1:
            raise ValueError("Give one of days, since, broadcast")
        if self.broadcast is not None and self.channel is not None:
            raise ValueError("A broadcast has its own channels")
        return self


class Reachable(_Condition):
    """Can be written to: neither stopped (also broadcasts only) nor blocked, by a channel that is there and switched on."""

    kind: Literal["reachable"]
    channel: Id | None = None
    channel_kind: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,40}$")] | None = None


class Listed(_Condition):
    """Stand in a list that is kept by hand."""

    kind: Literal["list"]
    list: Id


class Works(_Condition):
    """Work for one of these organisations now (`past`: did before); null: for none that we know of."""

    kind: Literal["organisation"]
    organisations: Annotated[list[Id | None], Field(min_length=1, max_length=50)]
    past: bool = False


class Group(_Condition):
    """All of these, or any of these."""

    kind: Literal["all", "any"]
    of: Annotated[list["Condition"], Field(min_length=1, max_length=30)]


Leaf = Tagged | FieldIs | Speaks | Managed | Categorised | CameFrom | Created | Wrote | Got | Reachable | Listed | Works
Condition = Annotated[
    Tagged | FieldIs | Speaks | Managed | Categorised | CameFrom | Created | Wrote | Got | Reachable | Listed | Works | Group,
    Field(discriminator="kind"),
]


class Filter(Part):
    """Which people."""

    version: Literal[1]
    match: Condition

    @model_validator(mode="after")
    def _bounded(self) -> "Filter":
        depths = list(_depths(self.match, 1))
        if max(depths) > DEEPEST + 1:
            raise ValueError(f"Groups may stand in groups at most {DEEPEST} deep")
        if len(depths) > MOST:
            raise ValueError(f"At most {MOST} conditions")
        return self

    def leaves(self) -> Iterator["Leaf"]:
        """Every single condition in it."""
        return _leaves(self.match)

    def stored(self) -> dict[str, Any]:
        """As JSON, with nothing in it that only repeats a default."""
        return self.model_dump(mode="json", exclude_defaults=True, by_alias=True)


def of_tag(tag: str) -> Filter:
    """Everybody with this tag."""
    return Filter(version=1, match=Tagged(kind="tag", tags=[tag]))


def _leaves(condition: Any) -> Iterator[Any]:
    if isinstance(condition, Group):
        for each in condition.of:
            yield from _leaves(each)
    else:
        yield condition


def _depths(condition: Any, depth: int) -> Iterator[int]:
    yield depth
    for each in condition.of if isinstance(condition, Group) else ():
        yield from _depths(each, depth + 1)


Group.model_rebuild()
Filter.model_rebuild()
