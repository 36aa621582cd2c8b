"""What a digest says: the templates of templates/mail, filled in."""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import jinja2

from inbox.notices.digest import KINDS, Letter, signature
from inbox.notices.post import Mail

TEMPLATES = Path(__file__).parents[2] / "templates" / "mail"
MOST = 15
"""Conversations of a kind that are listed; of the others the number."""


def write(letter: Letter, base_url: str, key: str, now: datetime) -> Mail:
    """The whole mail, in the person's language and time zone."""
    stop = f"{base_url}/digest/stop/{letter.manager_id}/{signature(key, letter.manager_id)}"
    groups = [(kind, [each for each in letter.waits if each.kind == kind]) for kind in KINDS]
    values = {
        "ru": letter.language == "ru", "name": letter.name, "count": len(letter.waits), "base": base_url, "stop": stop,
        "groups": [(kind, found[:MOST], len(found)) for kind, found in groups if found],
        "tasks": letter.tasks[:MOST], "late": len(letter.tasks),
        "zone": ZoneInfo(letter.timezone), "today": now.astimezone(ZoneInfo(letter.timezone)).date(),
    }  # fmt: skip
    text = _PAGES.get_template("digest.txt").render(values)
    subject, _, body = text.partition("\n")
    number = f"digest-{letter.manager_id}-{int(letter.slot.timestamp())}"
    html = _PAGES.get_template("digest.html").render(values)
    return Mail(to=letter.email, subject=subject.strip(), text=body.lstrip("\n"), html=html, number=number, stop=stop)


def plural(count: int, one: str, few: str, many: str) -> str:
    """The Russian form for a number: 1 сообщение, 2 сообщения, 5 сообщений."""
    if count % 10 == 1 and count % 100 != 11:
        return one
    return few if count % 10 in (2, 3, 4) and count % 100 not in (12, 13, 14) else many


def when(at: datetime, zone: ZoneInfo, today: object) -> str:
    """The hour today, else the day with it."""
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == today else f"{local:%d.%m %H:%M}"


_PAGES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=jinja2.select_autoescape(["html"]), trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True, undefined=jinja2.StrictUndefined,
)  # fmt: skip
_PAGES.filters |= {"plural": plural, "when": when}
