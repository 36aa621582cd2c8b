"""Hold every call that a test makes to a machine-readable Bot API specification, where SWITCHBOARD_CASES names one.

Use it in a test module as `held = pytest.fixture(autouse=True)(hold_to_the_specification)`.
"""

import json
import os
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from channels.telegram_parts.calls import BotApi

_FOLDER = os.environ.get("SWITCHBOARD_CASES", "")  # read now: tests run without the environment's settings
CALLED: dict[str, int] = {}
"""How often each method was called, for a report."""
_PLAIN: Mapping[str, tuple[type, ...]] = {
    "String": (str,), "Integer": (int,), "Float": (int, float), "Boolean": (bool,), "True": (bool,), "InputFile": (),
}  # fmt: skip


def hold_to_the_specification(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Every call of the connector fails here that names an unknown method or field, misses one, or has a wrong type."""
    specification = read()
    if specification is None:
        yield
        return
    post = BotApi.post
    complaints: list[str] = []

    async def held(self: BotApi, method: str, parameters: Mapping[str, Any], files: Any = {}, **more: Any) -> Any:  # noqa: B006
        CALLED[method] = CALLED.get(method, 0) + 1
        complaints.extend(faults(specification, method, parameters, files))
        return await post(self, method, parameters, files, **more)

    monkeypatch.setattr(BotApi, "post", held)
    yield
    assert not complaints


@cache
def read() -> dict[str, Any] | None:
    """The specification: {"methods": {name: {"fields": [...]}}, "types": ...}."""
    path = Path(_FOLDER) / "specs" / "telegram_bot_api.min.json"
    return json.loads(path.read_text()) if _FOLDER and path.exists() else None


def faults(specification: dict[str, Any], method: str, parameters: Mapping[str, Any], files: Mapping[str, Any]) -> list[str]:
    """What is wrong with a call."""
    known = specification["methods"].get(method)
    if known is None:
        return [f"{method} is no method"]
    given = {**parameters, **{name: "attach://" for name in files if not name.startswith("file")}}
    found = list(_object(specification, known.get("fields", []), given, method))
    sent = json.dumps(parameters)
    return found + [f"{method}: the file {name} is not referred to" for name in files if name[:4] == "file" and name not in sent]


def _object(
    specification: dict[str, Any], fields: Sequence[dict[str, Any]], given: Mapping[str, Any], where: str
) -> Iterator[str]:
    known = {field["name"]: field for field in fields}
    yield from (f"{where}: unknown field {name}" for name in given if name not in known)
    yield from (f"{where}: {name} is missing" for name, field in known.items() if field["required"] and name not in given)
    for name, value in given.items():
        if name in known and not any(_fits(specification, kind, value) for kind in known[name]["types"]):
            yield f"{where}: {name} is none of {known[name]['types']}: {value!r:.60}"


def _fits(specification: dict[str, Any], kind: str, value: Any) -> bool:
    if kind.startswith("Array of "):
        return isinstance(value, list | tuple) and all(_fits(specification, kind.removeprefix("Array of "), v) for v in value)
    if kind in _PLAIN:
        if kind == "InputFile":
            return isinstance(value, str) and value.startswith("attach://")
        return isinstance(value, _PLAIN[kind]) and (kind in {"Boolean", "True"} or not isinstance(value, bool))
    described = specification["types"][kind]
    if described.get("subtypes"):
        return any(_fits(specification, each, value) for each in described["subtypes"])
    return isinstance(value, Mapping) and not list(_object(specification, described.get("fields", []), value, kind))
