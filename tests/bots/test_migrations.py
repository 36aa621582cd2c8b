"""Older flows are brought forward step by step; what nobody can read is said so."""

from datetime import date

import pytest

from bots.flow import LANGUAGE_VERSION
from bots.migrations import MIGRATIONS, Document, Migration, migrate


def _rename(document: Document) -> Document:
    return {"steps" if key == "lines" else key: value for key, value in document.items()}


def _wrap(document: Document) -> Document:
    return document | {"steps": [{"say": each} for each in document["steps"]]}


TABLE = {
    1: Migration(written=date(2026, 1, 5), what="lines are called steps", change=_rename),
    2: Migration(written=date(2026, 2, 5), what="a bare text is said", change=_wrap),
}


@pytest.mark.parametrize("version", [1, 2, 3])
def test_a_flow_is_brought_forward_from_every_version(version: int) -> None:
    documents: dict[int, Document] = {1: {"lines": ["Hi"]}, 2: {"steps": ["Hi"]}, 3: {"steps": [{"say": "Hi"}]}}
    written = documents[version] | {"version": version}
    before = dict(written)
    assert migrate(written, TABLE, 3) == {"version": 3, "steps": [{"say": "Hi"}]}
    assert written == before


@pytest.mark.parametrize("version", [0, 4])
def test_a_version_that_nothing_leads_from_is_refused(version: int) -> None:
    with pytest.raises(ValueError, match=f"version {version}"):
        migrate({"version": version}, TABLE, 3)


def test_every_older_version_has_its_migration_in_the_order_of_their_dates() -> None:
    assert list(MIGRATIONS) == list(range(1, LANGUAGE_VERSION))
    dates = [each.written for each in MIGRATIONS.values()]
    assert dates == sorted(dates)
