"""How tests are shared among the processes of pytest-xdist: what takes long begins first, and what may be apart is."""

from collections import Counter

import pytest
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # xdist has no types

STORES = ("sqlite", "postgres")
FIRST = (
    "tests/inbox/test_api_fuzz.py", "tests/journeys/", "tests/test_bench.py", "tests/inbox/test_supervise.py",
    "tests/inbox/test_replay.py", "tests/inbox/test_logs.py", "tests/inbox/test_rights.py", "tests/inbox/test_merging.py",
    "tests/inbox/test_deliver.py", "tests/inbox/test_cli.py", "tests/channels/test_sandbox_page.py",
    "tests/inbox/test_chat_widget.py", "tests/channels/test_outside_email.py",
)  # fmt: skip
"""Files, or folders of them, that take long for the number of their tests. What is last to begin keeps everybody waiting."""
APART = (
    "tests/inbox/test_api_fuzz.py", "tests/inbox/test_supervise.py", "tests/inbox/test_replay.py",
    "tests/journeys/test_outages.py", "tests/inbox/test_logs.py",
)  # fmt: skip
"""Files whose tests have nothing in common that would have to be made twice."""
BY_STORE = "tests/journeys/"
"""Where a file's tests share a system for each database."""


class Sharing(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """A file goes to one process whole, since its tests share what they need; in the order of the collection."""

    def _split_scope(self, nodeid: str) -> str:
        file, _, name = nodeid.partition("::")
        if file in APART:
            return nodeid
        store = next((each for each in STORES if each in name), "") if file.startswith(BY_STORE) else ""
        return f"{file} {store}"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Sharing:
    config.option.loadscopereorder = False  # by the number of tests: a journey is one test and takes a minute
    return Sharing(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first, then those with many tests; within a file as pytest has put them."""
    counts = Counter(_file(item) for item in items)
    items.sort(key=lambda item: (_place(_file(item)), -counts[_file(item)], _file(item)))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _place(file: str) -> int:
    return next((place for place, each in enumerate(FIRST) if file.startswith(each)), len(FIRST))
