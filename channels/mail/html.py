"""Make the HTML of a mail safe to show."""

import re
from urllib.parse import unquote

import nh3

_STYLES = {
    "color",
    "background-color",
    "text-align",
    "text-decoration",
    "vertical-align",
    "line-height",
    "white-space",
    "width",
    "height",
}
_STYLES |= {
    "max-width",
    "font",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "list-style-type",
    "display",
    "letter-spacing",
}
_STYLES |= {f"{box}{side}" for box in ("margin", "padding", "border") for side in ("", "-top", "-right", "-bottom", "-left")}
_STYLES |= {"border-color", "border-style", "border-width", "border-collapse", "border-spacing", "border-radius"}
_LAYOUT = {"align", "valign", "width", "height", "bgcolor", "border", "cellpadding", "cellspacing", "colspan", "rowspan"}
_ATTRIBUTES = {
    "*": {"style", "dir", "lang", "title", "align"},
    "a": {"href", "name"},
    "img": {"src", "alt", "width", "height", "border", "hspace", "vspace"},
    "font": {"color", "face", "size"},
    "ol": {"start", "type"},
    **dict.fromkeys(("table", "tr", "td", "th", "tbody", "thead", "tfoot", "col", "colgroup"), _LAYOUT),
    "blockquote": {"type", "cite"},
    "hr": {"width", "size", "noshade"},
}
DROPPED_WHOLE = {"script", "style", "title", "noscript", "template", "svg", "math", "object", "iframe"}
_REMOTE = re.compile(r"(<img(?:\s+[^\s=>\"]+(?:=\"[^\"]*\")?)*?\s+)src=\"((?!cid:|data:image/(?:png|jpe?g|gif|webp);)[^\"]*)\"")


def _keep(tag: str, attribute: str, value: str) -> str | None:
    """cid: and data: are for pictures; in a link they only deceive. A style that loads something is dropped."""
    scheme = value.strip().lower()
    if attribute == "href" and scheme.startswith(("cid:", "data:")):
        return None
    if attribute == "style" and re.search(r"url\s*\(|image|expression|@import|\\", value, re.IGNORECASE):
        return None
    return f"cid:{unquote(value.strip()[4:])}" if tag == "img" and scheme.startswith("cid:") else value


_SHOWN = nh3.Cleaner(
    tags=nh3.ALLOWED_TAGS
    | {"font", "center", "big", "tt", "strike", "u", "s", "hr", "img", "tfoot", "colgroup", "col", "address"},
    clean_content_tags=DROPPED_WHOLE,
    attributes=_ATTRIBUTES,
    attribute_filter=_keep,
    url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
    url_relative="deny",
    link_rel="noopener noreferrer nofollow",
    set_tag_attribute_values={"a": {"target": "_blank"}},
    filter_style_properties=_STYLES,
)


_TAG = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
_ALONE = {"br", "img", "hr", "meta", "link", "input", "col", "p", "li", "tr", "td", "th", "dd", "dt", "option", "tbody", "wbr"}
"""Elements without an end of their own, or whose end need not be written."""
_DEEPEST, _LARGEST = 400, 2_000_000


def bearable(html: str) -> str:
    """The HTML, without its tags where they are nested so deep, or so many, that reading them would take minutes."""
    html, depth = html[:_LARGEST], 0
    for match in _TAG.finditer(html):
        if match[2].lower() not in _ALONE:
            depth = max(depth - 1, 0) if match[1] else depth + 1
        if depth > _DEEPEST:
            return re.sub(r"<[^<>]*>", " ", html)
    return html


def sanitise(html: str) -> str:
    """HTML that can neither run, nor load, nor cover the page: remote pictures wait as data-src until somebody asks."""
    return _REMOTE.sub(r'\1data-src="\2"', _SHOWN.clean(html))
