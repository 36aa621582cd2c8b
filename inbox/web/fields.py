"""Types of the fields that requests are made of: what the database can hold, and no more."""

import re
from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

_ISO = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:")
LARGEST = 2**63 - 1
_FIRST, _LAST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)


def _no_number(value: object) -> object:
    """pydantic reads "1700000000" as a time; we promise ISO 8601."""
    if not isinstance(value, str) or not _ISO.match(value):
        raise ValueError("Give a time as ISO 8601, like 2026-11-22T10:00:00Z")
    return value


def _storable(value: datetime) -> datetime:
    if not _FIRST <= value <= _LAST:
        raise ValueError("This time is too far away")
    return value.astimezone(UTC)


Id = Annotated[int, Field(ge=1, le=LARGEST)]
When = Annotated[
    AwareDatetime,
    Field(strict=False),  # a strict time must be one already, and JSON has none
    BeforeValidator(_no_number, json_schema_input_type=AwareDatetime),
    AfterValidator(_storable),
]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
Language = Annotated[str, StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
Taken = Annotated[list[Annotated[str, StringConstraints(min_length=1, max_length=120)]], Field(max_length=200)]
"""Of two cards that become one: of what the other's word stands: name, language, timezone, birthday, category, manager, and own
fields as fields.<name>."""
LongText = Annotated[str, Field(max_length=65_536)]


class Body(BaseModel):
    """Base of all request bodies: unknown fields are refused, nothing is guessed."""

    model_config = ConfigDict(extra="forbid", strict=True, use_attribute_docstrings=True)

    def given(self, *leave_out: str) -> dict[str, Any]:
        """The fields that the request named, null included: what a PATCH changes."""
        return {name: getattr(self, name) for name in self.model_fields_set if name not in leave_out}


NOT_GIVEN: Any = None
"""Default of the fields of a change: they are either named in the request or not touched (see `Body.given`)."""


def _no_defaults(schema: dict[str, Any]) -> None:
    for field in schema["properties"].values():
        field.pop("default", None)


class Change(Body):
    """Base of the bodies of PATCH: what is not named stays as it is."""

    model_config = ConfigDict(json_schema_extra=_no_defaults)


class Query(BaseModel):
    """Base of all query strings: unknown parameters are refused."""

    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=True)


class PageQuery(Query):
    """What every list takes."""

    cursor: Annotated[str, Field(max_length=500)] | None = None
    """`next` of the page before."""
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    """Most items of a page."""
