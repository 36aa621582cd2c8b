"""The OpenAPI 3.1 document, made from the endpoints' own signatures: it cannot say anything else than what is checked."""

from collections.abc import Iterable
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from inbox.web.endpoint import ENDPOINTS, PREFIX, Endpoint
from inbox.web.problems import TYPE, ProblemDocument

REF = "#/components/schemas/{model}"
_KEY_HEADER = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": "The same key again gets the same answer and does nothing again",
    "schema": {"type": "string", "minLength": 1, "maxLength": 200},
}
_FORM = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_ID = {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}
_WORD = {"type": "string", "pattern": "^[0-9A-Za-z_-]{1,100}$"}
_SECURITY: list[dict[str, list[str]]] = [{"session": []}, {"token": []}]


@cache
def document(version: str) -> dict[str, Any]:
    """The whole API."""
    schemas, components = _schemas()
    paths: dict[str, Any] = {}
    for each in ENDPOINTS:
        paths.setdefault(PREFIX + each.path, {})[each.method.lower()] = _operation(each, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Switchboard", "version": version, "description": _ABOUT},
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "switchboard_session"},
                "token": {"type": "http", "scheme": "bearer"},
            },
        },
    }


_ABOUT = (
    "Everything that the window does. Sign in with a bearer token, or with the session's cookie; with the cookie every call "
    "that is not a GET carries `X-CSRF-Token` (`csrf` of `GET /session`). Times are ISO 8601 in UTC. Lists are pages: give "
    "`next` as `cursor`. Errors are problem documents (RFC 9457) that name the field; unknown fields are refused."
)

Key = tuple[str, str]


def _schemas() -> tuple[dict[Key, Any], dict[str, Any]]:
    """({(endpoint, part): schema}, the components they refer to)"""
    inputs: list[tuple[Key, JsonSchemaMode, TypeAdapter[Any]]] = [
        (("", "problem"), "serialization", TypeAdapter(ProblemDocument))
    ]
    for each in ENDPOINTS:
        for part, kind in (("body", each.body), ("answer", each.answer)):
            if kind is not None:
                mode: JsonSchemaMode = "serialization" if part == "answer" else "validation"
                inputs.append(((each.name, part), mode, TypeAdapter(kind)))
    found, whole = TypeAdapter.json_schemas(inputs, ref_template=REF)
    components = whole.get("$defs", {})
    return {key: schema for (key, _), schema in found.items()}, components


def _operation(each: Endpoint, schemas: dict[Key, Any]) -> dict[str, Any]:
    summary, description = each.docs
    found: dict[str, Any] = {"operationId": each.name, "summary": summary, "tags": [each.path.split("/")[1]]}
    if description:
        found["description"] = description
    found["x-right"] = each.right.value if each.right else None
    found["security"] = _SECURITY if each.right else []
    if parameters := list(_parameters(each)):
        found["parameters"] = parameters
    if each.body is not None:
        required = any(f.is_required() for f in each.body.model_fields.values())
        content = {"application/json": {"schema": schemas[each.name, "body"]}}
        found["requestBody"] = {"required": required, "content": content}
    if each.upload:
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _FORM}}}
    found["responses"] = _responses(each, schemas)
    return found


def _parameters(each: Endpoint) -> Iterable[dict[str, Any]]:
    for name in each.ids:
        yield {"name": name, "in": "path", "required": True, "schema": _ID}
    for name in each.words:
        yield {"name": name, "in": "path", "required": True, "schema": _WORD}
    if each.query is not None:
        whole = each.query.model_json_schema(ref_template=REF)
        for name, field in whole.get("properties", {}).items():
            schema = {k: v for k, v in field.items() if k not in ("description", "title")}
            yield {
                "name": name, "in": "query", "required": name in whole.get("required", ()),
                "description": field.get("description", ""), "schema": schema,
            }  # fmt: skip
    if each.repeatable:
        yield _KEY_HEADER


def _responses(each: Endpoint, schemas: dict[Key, Any]) -> dict[str, Any]:
    good: dict[str, Any] = {"description": "Done"}
    if each.answer is not None:
        good["content"] = {kind: {"schema": schemas[each.name, "answer"]} for kind in each.content_type.split(", ")}
    problem = {"content": {TYPE: {"schema": schemas["", "problem"]}}}
    return {str(each.status): good, "4XX": {"description": "Refused", **problem}, "5XX": {"description": "Failed", **problem}}
