"""Bring flows written in an older version of the language to the present one, before they are validated.

A migration takes the document of one version and returns that of the next; it never changes what it was given. Write it on
the day the language changes, with that date, and never touch it again.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from bots.flow import LANGUAGE_VERSION

Document = dict[str, Any]
"""A flow as written. `Any`: of whatever shape that version had."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Migration:
    """From version N (its key in the table) to N + 1."""

    written: date
    what: str
    change: Callable[[Document], Document]


MIGRATIONS: Mapping[int, Migration] = {}


def migrate(document: Document, migrations: Mapping[int, Migration] = MIGRATIONS, target: int = LANGUAGE_VERSION) -> Document:
    """The document in the present language. Raises ValueError for a version from the future, or one that nothing leads from."""
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool):
        return document
    if version > target:
        raise ValueError(f"this flow is written in version {version} of the language; this program knows {target}")
    while version < target:
        if version not in migrations:
            raise ValueError(f"there is no version {version} of the language; write version: {target}")
        document = migrations[version].change(dict(document))
        version += 1
        document["version"] = version
    return document
