"""Read YAML the way its writers mean it: `no` is a word, 9:30 is text, a repeated key is a mistake; with lines."""

import re
from collections.abc import Hashable
from typing import Any

import yaml

MAX_LENGTH = 262_144

Path = tuple[str | int, ...]
"""Keys and indexes that lead to a value from the document's top."""


class NotationError(ValueError):
    """The text is no YAML, or has what is not allowed in it. `line` counts from 1."""

    def __init__(self, problem: str, line: int) -> None:
        super().__init__(f"line {line}: {problem}")
        self.problem = problem
        self.line = line


class _Loader(yaml.SafeLoader):
    """YAML 1.2's idea of true, false, null and numbers; no anchors, no repeated keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012  `Any`: PyYAML's own type

    _in_words = False

    def scan_plain(self) -> yaml.ScalarToken:
        """YAML 1.2 lets a question mark stand in the middle of `{en: How are you?}`; PyYAML does not."""
        self._in_words = True
        try:
            return super().scan_plain()
        finally:
            self._in_words = False

    def peek(self, index: int = 0) -> str:
        """Inside words a question mark looks like any letter to the scanner."""
        found = str(super().peek(index))
        return "a" if self._in_words and found == "?" else found

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Anchors can make a short text endlessly long."""
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it out
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise NotationError("& and * at the beginning of a value need quotes around it", event.start_mark.line + 1)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """A repeated key would silently lose the first value."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise NotationError("a name was expected before the colon", key.start_mark.line + 1)
            if key.value in seen:
                raise NotationError(f"{key.value!r} is written twice", key.start_mark.line + 1)
            seen.add(key.value)
        return {key.value: self.construct_object(value, deep=True) for key, value in node.value}


def _resolvers() -> None:
    for tag, pattern, first in (
        ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
        ("int", r"[-+]?(?:0|[1-9][0-9]{0,17})", "-+0123456789"),
        ("float", r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]+", "-+0123456789"),
        ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ):
        _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(f"^(?:{pattern})$"), list(first))


_resolvers()


def read(text: str) -> tuple[Any, dict[Path, int]]:
    """The document (`Any`: not validated yet) and the line of everything in it. Raises NotationError."""
    if len(text) > MAX_LENGTH:
        raise NotationError(f"the text has {len(text)} characters, at most {MAX_LENGTH} are read", 1)
    try:
        return _read(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark else 1
        raise NotationError(_hint(text, line) or f"{error.problem or error.context}", line) from error
    except yaml.reader.ReaderError as error:
        raise NotationError(f"a character that cannot be read: {error.reason}", 1) from error
    except RecursionError as error:
        raise NotationError("too deeply nested", 1) from error


def _read(text: str) -> tuple[Any, dict[Path, int]]:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            raise NotationError("there is nothing in it", 1)
        lines: dict[Path, int] = {}
        _note(node, (), lines)
        return loader.construct_document(node), lines
    finally:
        loader.dispose()


def _hint(text: str, line: int) -> str:
    """The commonest mistakes have their own words."""
    written = text.splitlines()[line - 1] if line <= len(text.splitlines()) else ""
    if re.search(r"(?:^|[:-])\s*\{\{", written):
        return "a text that begins with {{ needs quotes around it"
    if re.search(r":.*: ", written):
        return "a text with a colon in it needs quotes around it"
    return "use spaces, not tabs, at the beginning of a line" if written.startswith("\t") else ""


def _note(node: yaml.Node, path: Path, lines: dict[Path, int]) -> None:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _note(value, (*path, str(key.value)), lines)
            lines[(*path, str(key.value))] = key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _note(value, (*path, index), lines)
