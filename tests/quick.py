"""Where tests keep their files: in memory where there is room, since thousands of commits wait for a disk otherwise."""

import os
import shutil
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")
_ROOM = 3 * 2**30
"""Bytes that have to be free; a run needs about a fifth of it at a time."""
_NAMED = "PYTEST_DEBUG_TEMPROOT"


def folder() -> Path | None:
    """A folder in memory; None for the usual one, which `TMPDIR` names."""
    if named := os.environ.get(_NAMED):
        return Path(named)
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM
    return _MEMORY if roomy and "TMPDIR" not in os.environ else None


def pytest_configure(config: pytest.Config) -> None:
    if config.option.basetemp is None and (found := folder()):
        os.environ[_NAMED] = str(found)
