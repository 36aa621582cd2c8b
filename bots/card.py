"""What texts can name of a contact. How to greet them is found out only when a text asks for it: most do not."""

from collections.abc import Callable, Mapping
from typing import Any


def by_name(name: str) -> str:
    """Greet by whatever stands for a name, where nobody knows better."""
    return name


class Card(dict[str, Any]):
    """The fields of a contact, and `greeting`: what a person wrote (`set_by_hand`, also if it is empty), else made of the name by
    `greet`, which gives nothing where it is not sure. `Any`: templates take every type."""

    def __init__(self, values: Mapping[str, Any], set_by_hand: str | None, greet: Callable[[str], str]) -> None:
        super().__init__({key: value for key, value in values.items() if key != "greeting"})
        self._greet = greet
        if set_by_hand is not None:
            self["greeting"] = set_by_hand

    def __missing__(self, key: str) -> str:
        if key != "greeting":
            raise KeyError(key)
        return self._greet(str(self.get("name") or ""))

    def __contains__(self, key: object) -> bool:
        return key == "greeting" or super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        """As `[]`, with a default for what nobody knows."""
        try:
            return self[key]
        except KeyError:
            return default
