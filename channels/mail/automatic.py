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
    r"auto(?:matic|mated|mati[ck]ed)?[- ]?(?:reply|response|respon[sd]er|answer)\b|out[- ]of[- ](?:the[- ])?office|"
    r"auto\s*:.*(?:out of|returning|away|vacation|abwesen|au(?:ß|ss)er haus|absent|возвращ|отсутств)|"
    r"\[?autoreply|"
    r"(?:i am |i'm |on )?(?:away|vacation|holiday|annual leave)\b.*(?:from|until|till|reply|mail)|"
    r"(?:i am|i'm) (?:currently )?(?:out of|on (?:annual |parental |sick )?(?:leave|vacation|holiday))|"
    r"vacation (?:message|reply|notice|response)|"
    r"авто(?:матический\s+)?[- ]?ответ|автоматична відповідь|автоматичен отговор|"
    r"(?:меня )?нет (?:на месте|на рабочем месте|в офисе)|отсутствую|отсутствие (?:на|в офисе)|(?:я )?(?:сейчас )?в отпуске|"
    r"abwesenheit|automatische (?:antwort|beantwort|e-?mail|r[ée]ponse)|abwesend|"
    r"(?:ich bin )?(?:im urlaub|nicht im (?:büro|haus))|"
    r"r[ée]ponse automatique|absence du bureau|message automatique|(?:je suis )?absent(?:e)? (?:jusqu|du|de)|"
    r"respuesta autom|fuera de (?:la )?oficina|estoy de vacaciones|risposta automatica|fuori (?:sede|ufficio)|"
    r"automatisch(?:e)? antwoord|afwezig|auto(?:matisk[t]?\s?)?svar|automaattinen vastaus|poissa(?:olo)?\b|"
    r"resposta autom|fora do escritório|(?:odpowied[zź] automatyczna|automatyczna odpowied[zź])|automatick[áa] odpov|"
    r"automatikus válasz|(?:automatik|otomatik) (?:yanıt|cevap)|răspuns automat|αυτόματη απάντηση|samodejni odgovor|"
    r"automatski odgovor|automātiskā atbilde|automatinis atsakymas|automaatvastus|"
    r"自动(?:回复|答复)|自動(?:回覆|返信|応答)|不在通知|자동 ?(?:회신|응답)|부재중)",
    re.IGNORECASE,
)
_SUBJECT_ENDS = re.compile(r"[-–—:(\[]\s*(?:automatic|auto)[- ](?:reply|response|responder)\b[)\].! ]*$", re.IGNORECASE)
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
    subject = text(mail, "Subject")[:1000]
    if _SUBJECT.search(subject) or _SUBJECT_ENDS.search(subject):
        return "auto_reply"
    if null_sender(mail):
        return "report" if _REPORT_SUBJECT.search(subject) else "auto_reply"
    return ""


def _submitted(mail: Mail) -> bool:
    submitted = field(mail, "Auto-Submitted").split(";")[0].strip().lower()
    return bool(submitted) and submitted != "no"


def _bulk(mail: Mail) -> bool:
    return field(mail, "Precedence").lower() in ("bulk", "list", "junk", "auto_reply", "auto-reply")


def null_sender(mail: Mail) -> bool:
    """Whether the envelope had no sender, as reports and automatic answers have."""
    return any(value.replace(" ", "") == "<>" for value in fields(mail, "Return-Path")[:1])
