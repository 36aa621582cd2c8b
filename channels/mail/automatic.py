"""Tell mail that no person wrote: such mail is never answered by a machine (RFC 3834)."""

import re

from channels.mail.headers import Mail, field, fields, text

_PRESENT = (
    "X-Loop",
    "X-Auto-Response-Suppress",
    "X-Autoreply",
    "X-Autorespond",
    "X-Auto-Reply",
    "X-AutoReply-From",
    "X-Mail-Autoreply",
    "List-Id",
)
_SUBJECT = re.compile(
    r"^\s*(?:(?:re|aw|sv|fwd?|ответ)\s*:\s*)?(?:"
    r"auto(?:matic|mated|mati[ck]ed)?[- ]?(?:reply|response|respon[sd]er|answer)\b|auto\s*:|out[- ]of[- ](?:the[- ])?office|"
    r"\[?autoreply|"
    r"(?:i am |i'm |on )?(?:away|vacation|holiday|annual leave)\b.*(?:from|until|till|reply|mail)|vacation (?:message|reply|"
    r"notice)|"
    r"авто(?:матический\s+)?[- ]?ответ|отсутствую|нет на месте|в отпуске|"
    r"abwesenheit|automatische (?:antwort|beantwortung|e-?mail)|abwesend|"
    r"r[ée]ponse automatique|absence du bureau|message automatique|"
    r"respuesta autom|fuera de la oficina|risposta automatica|fuori sede|automatisch antwoord|afwezig|autosvar|"
    r"resposta autom|odpowied[zź] automatyczna|自动回复|自動回覆|自動返信)",
    re.IGNORECASE,
)


def is_automatic(mail: Mail) -> bool:
    """Whether a machine wrote it: an auto-reply, a list, a report. A wrong yes costs one automatic answer; a wrong no, a loop."""
    submitted = field(mail, "Auto-Submitted").split(";")[0].strip().lower()
    if submitted and submitted != "no":
        return True
    precedence = field(mail, "Precedence").lower()
    if precedence in ("bulk", "list", "junk", "auto_reply", "auto-reply"):
        return True
    if any(field(mail, name) for name in _PRESENT):
        return True
    return null_sender(mail) or bool(_SUBJECT.search(text(mail, "Subject")))


def null_sender(mail: Mail) -> bool:
    """Whether the envelope had no sender, as reports and automatic answers have."""
    return any(value.replace(" ", "") == "<>" for value in fields(mail, "Return-Path")[:1])
