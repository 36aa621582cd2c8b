"""Tell mail that no person wrote: such mail is never answered by a machine (RFC 3834)."""

import re
from collections.abc import Sequence

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


_REPORTS = {"message/feedback-report", "message/disposition-notification", "message/delivery-status", "message/tracking-status"}
_REPORT_SUBJECT = re.compile(
    r"^\s*(?:read|delivered|gelesen|zugestellt|прочитано|прочтено|доставлено|lu|leído|letto|lido)\s*:|"
    r"^\s*(?:delivery|return|disposition) (?:status )?(?:receipt|notification)\b",
    re.IGNORECASE,
)


def kind(mail: Mail, parts: Sequence[str]) -> str:
    """auto_reply, report (of a mail system: receipt, complaint, arrival confirmed), or "" for a person's own mail.

    A wrong yes costs one automatic answer; a wrong no, a loop. `parts`: types of the machine-readable parts.
    """
    if _REPORTS & set(parts):
        return "report"
    if _submitted(mail) or _bulk(mail) or any(field(mail, name) for name in _PRESENT):
        return "auto_reply"
    if _SUBJECT.search(text(mail, "Subject")):
        return "auto_reply"
    if null_sender(mail):
        return "report" if _REPORT_SUBJECT.search(text(mail, "Subject")) else "auto_reply"
    return ""


def _submitted(mail: Mail) -> bool:
    submitted = field(mail, "Auto-Submitted").split(";")[0].strip().lower()
    return bool(submitted) and submitted != "no"


def _bulk(mail: Mail) -> bool:
    return field(mail, "Precedence").lower() in ("bulk", "list", "junk", "auto_reply", "auto-reply")


def null_sender(mail: Mail) -> bool:
    """Whether the envelope had no sender, as reports and automatic answers have."""
    return any(value.replace(" ", "") == "<>" for value in fields(mail, "Return-Path")[:1])
