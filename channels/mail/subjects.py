"""What a mail is about, whatever "Re:" its way through mail programs has put before it."""

import re

_PREFIX = re.compile(
    r"^\s*(?:\[(?:ext(?:ern(?:al)?)?|spam\??|внешн\w+)\]\s*|"
    r"(?:re|fwd?|aw|wg|antw|antwort|sv|vs|vb|rv|res|enc|tr|rif|r|i|odp|pd|ynt|ilt|atb|doorst|ответ|отв|на|пересл|fw|回复|回覆|答复|转发|轉寄|"
    r"전달|답장)\s*(?:[\[(]\d{1,3}[\])])?\s*[:：]\s*)",
    re.IGNORECASE,
)
_ANSWERED = re.compile(r"^\s*(?:re|aw|sv|antw|odp|ответ|отв|на)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)
_TOKEN = re.compile(r"\[#[A-Za-z0-9_-]{6,128}\]")
_MOST = 20


def bare(subject: str) -> str:
    """The subject for comparing: no prefixes, no token of ours, no difference of case and white space."""
    rest = " ".join(_TOKEN.sub(" ", subject[:1000]).split())
    for _ in range(_MOST):
        shorter = _PREFIX.sub("", rest, count=1)
        if shorter == rest:
            break
        rest = shorter
    return rest.strip().casefold()


def is_answer(subject: str) -> bool:
    """Whether it says already that it answers something."""
    return bool(_ANSWERED.match(subject))
