"""The starter flows: one YAML file a flow, its dialogue tests beside it. To be copied and changed."""

from importlib.resources import files
from importlib.resources.abc import Traversable

from bots.dialogues import Script, read_script
from bots.flow import Flow
from bots.load import load

_FLOW = ".yaml"
_SCRIPT = ".dialogues.yaml"


def library() -> dict[str, Flow]:
    """All starter flows by name. Reads the files that came with this package."""
    flows = [load(each.read_text(encoding="utf-8")) for each in _here() if not each.name.endswith(_SCRIPT)]
    return {flow.name: flow for flow in flows}


def sources() -> dict[str, str]:
    """The text of each starter flow by name, to begin a flow of one's own from."""
    return {
        each.name.removesuffix(_FLOW): each.read_text(encoding="utf-8") for each in _here() if not each.name.endswith(_SCRIPT)
    }


def scripts() -> list[Script]:
    """All dialogue tests of the starter flows."""
    return [read_script(each.read_text(encoding="utf-8")) for each in _here() if each.name.endswith(_SCRIPT)]


def _here() -> list[Traversable]:
    return sorted((each for each in files(__name__).iterdir() if each.name.endswith(_FLOW)), key=lambda each: each.name)
