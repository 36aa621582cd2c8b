"""Put the pictures into a mail's safe HTML: those that came with it, and on demand those that wait elsewhere (`mail.html`)."""

import re
from collections.abc import Mapping
from html import escape

_IMAGE = re.compile(r"<img(?:\s+[^\s=>\"]+(?:=\"[^\"]*\")?)*\s*/?>")
_INLINE = re.compile(r"\ssrc=\"cid:([^\"]*)\"")
_WAITING = re.compile(r"\sdata-src=\"(https?:)")


def place_inline(html: str, addresses: Mapping[str, str]) -> str:
    """Pictures that came with the mail, by their Content-ID. One that did not come shows its other text."""
    if "cid:" not in html:
        return html

    def found(match: "re.Match[str]") -> str:
        address = addresses.get(match[1].replace("&amp;", "&"), "")
        return f' src="{escape(address)}"' if address else ""

    return _IMAGE.sub(lambda image: _INLINE.sub(found, image[0]), html)


def show_remote(html: str) -> str:
    """Pictures from elsewhere: their servers learn that the mail is read, so only where somebody asks for them."""
    return _IMAGE.sub(lambda image: _WAITING.sub(r' src="\1', image[0]), html)
