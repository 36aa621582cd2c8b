"""What would keep a web chat from working on its sites, as far as its settings and our own address show."""

from collections.abc import Collection
from urllib.parse import urlsplit

from channels.base import Check


def look(base: str, origins: Collection[str]) -> list[Check]:
    """`base`: where we are reached from outside."""
    return [_sites(origins), _address(base, origins)]


def _sites(origins: Collection[str]) -> Check:
    if origins:
        return Check(name="sites", text=", ".join(sorted(origins)))
    return Check(name="sites", state="warning", text="The chat may stand on any site", mend="Name your sites in the settings")


def _address(base: str, origins: Collection[str]) -> Check:
    if urlsplit(base).scheme == "https" or not any(origin.startswith("https://") for origin in origins):
        return Check(name="address", text=f"{base}/chat/")
    mend = "Give the installation an https address (SWITCHBOARD_PUBLIC_URL)"
    return Check(name="address", state="error", text=f"Pages of https cannot load the chat from {base}", mend=mend)
