"""Find a connector by its kind: a channel is the module of that name in this folder, loaded when first needed."""

import importlib
import pkgutil
from functools import cache
from pathlib import Path

from channels.base import Connector

_NOT_CHANNELS = {"base", "events", "registry", "fit"}


@cache
def kinds() -> tuple[str, ...]:
    """All channel kinds, by name: every module of this folder that is not part of the contract itself."""
    found = pkgutil.iter_modules([str(Path(__file__).parent)])
    return tuple(sorted(m.name for m in found if not m.ispkg and m.name not in _NOT_CHANNELS))


@cache
def connector_type(kind: str) -> type[Connector]:
    """The connector class of `kind`; a LookupError names the kinds there are. Imports the module when first asked."""
    if kind not in kinds():
        raise LookupError(f"There is no channel kind {kind!r}; choose one of {', '.join(kinds())}")
    module = importlib.import_module(f"channels.{kind}")
    found = [c for c in vars(module).values() if isinstance(c, type) and issubclass(c, Connector) and c is not Connector]
    return next(c for c in found if c.__module__ == module.__name__ and getattr(c, "kind", None) == kind)
