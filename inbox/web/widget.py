"""Makes the web chat's script: the small files of `inbox/ui/chat` joined into one, with the channel's appearance in front."""

import hashlib
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[1] / "ui" / "chat"
ORDER = (
    "words.js", "store.js", "attic.js", "turn.js", "wire.js", "stream.js", "visit.js", "draw.js", "bubbles.js", "bell.js",
    "form.js", "composer.js", "panel.js", "widget.js",
)  # fmt: skip
"""Each file after those that it imports from; all names of all files are one scope in the joined script."""
_IMPORT = re.compile(r"^import .*?;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_FOR_READERS = re.compile(r"^\s*//.*\n|^\s+|^\n", re.MULTILINE)
"""Comments and indentation: no line of the files is inside a string or a template."""


def script(appearance: Mapping[str, Any]) -> tuple[bytes, str]:
    """(the script, its entity tag)"""
    # A "<" inside a string could end a page's script element, should somebody paste the script into one.
    config = json.dumps(dict(appearance), ensure_ascii=False, sort_keys=True).replace("<", "\\u003c")
    body = f'(() => {{\n"use strict";\nconst CONFIG = {config};\n{_joined()}}})();\n'.encode()
    return body, f'"{hashlib.sha256(body).hexdigest()[:24]}"'


@lru_cache(1)
def _joined() -> str:
    style = json.dumps(_FOR_READERS.sub("", (FOLDER / "style.css").read_text("utf-8")).replace("\n", ""))
    parts = [_FOR_READERS.sub("", _EXPORT.sub("", _IMPORT.sub("", (FOLDER / name).read_text("utf-8")))) for name in ORDER]
    return f"const STYLE = {style};\n" + "".join(parts)
