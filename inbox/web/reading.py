"""Read what a request says into the models of its endpoint; what cannot be read is a problem that names the field."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar, get_args, get_origin

from aiohttp import web
from pydantic import BaseModel, ValidationError

from inbox.web.fields import LARGEST
from inbox.web.problems import Problem

M = TypeVar("M", bound=BaseModel)

LARGEST_BODY = 2 * 1024 * 1024
"""A flow, the longest thing anybody posts, is far smaller. Files have an address of their own."""


def read_ids(request: web.Request, names: Sequence[str]) -> dict[str, int]:
    """The whole numbers in the path. One that no table can hold is not there."""
    found = {name: int(request.match_info[name]) for name in names if len(request.match_info[name]) < 20}
    if len(found) < len(names) or any(number > LARGEST for number in found.values()):
        raise Problem(404, "There is nothing at this address.")
    return found


def read_query(request: web.Request, model: type[M]) -> M:
    """The parameters after the question mark. Given twice is allowed only for lists."""
    given: dict[str, Any] = {}
    for name in set(request.query):
        values = request.query.getall(name)
        field = model.model_fields.get(name)
        if field is not None and _is_list(field.annotation):
            given[name] = values
        elif len(values) > 1:
            raise Problem(422, f"{name}: given more than once", errors=[(name, "Give it once")])
        else:
            given[name] = values[0]
    return _validated(model, given, "query")


async def read_body(request: web.Request, model: type[M]) -> M:
    """The JSON of the body; nothing at all reads as an empty object."""
    if request.content_length and request.content_length > LARGEST_BODY:
        raise Problem(413, "This is larger than we take.")
    try:
        raw = await request.read()
    except ConnectionResetError:
        # Whoever sent it is gone: nobody hears the answer, and nothing is wrong here.
        raise Problem(400, "The connection was lost before the whole body came.") from None
    if not raw:
        return _validated(model, {}, "body")
    if request.content_type != "application/json":
        raise Problem(415, "Send JSON, and say so: Content-Type: application/json.")
    try:
        found = model.model_validate_json(raw)
    except ValidationError as error:
        raise _problem(error, "body") from None
    if b"\\u0000" in raw:
        _refuse_nul(found.model_dump(), "body")
    return found


def _validated(model: type[M], given: dict[str, Any], whole: str) -> M:
    _refuse_nul(given, whole)
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise _problem(error, whole) from None


def _problem(error: ValidationError, whole: str) -> Problem:
    errors = [
        (".".join(map(str, e["loc"])) or whole, str(e["msg"])) for e in error.errors(include_url=False, include_input=False)
    ]
    return Problem(422, "; ".join(f"{field}: {message}" for field, message in errors[:3]), errors=errors)


def _refuse_nul(value: object, whole: str) -> None:
    """PostgreSQL stores no NUL in a text."""
    for path, text in _texts(value, ()):
        if "\0" in text:
            field = ".".join(path) or whole
            raise Problem(422, f"{field}: contains a NUL character", errors=[(field, "Contains a NUL character")])


def _texts(value: object, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield path, str(key)
            yield from _texts(each, (*path, str(key)))
    elif isinstance(value, list | tuple):
        for n, each in enumerate(value):
            yield from _texts(each, (*path, str(n)))


def _is_list(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(get_origin(a) is list for a in get_args(annotation))
