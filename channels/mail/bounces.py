"""Read reports that a mail of ours did not arrive: RFC 3464, and the ways in which servers say it otherwise."""

import re
from collections.abc import Iterator, Mapping

from channels.events import Bounce
from channels.mail import headers
from channels.mail.addresses import mailboxes, normal
from channels.mail.automatic import null_sender
from channels.mail.headers import Mail
from channels.mail.parts import Content
from channels.mail.verdict import code_in, is_hard, reply_code_in

_DAEMON = re.compile(
    r"mailer[-_.]?daemon|post ?master|mail delivery|mdaemon|mailsystem|mail[-_]?admin|bounce|no-?reply-?delivery", re.IGNORECASE
)
_SUBJECT = re.compile(
    r"undeliver|non[- ]?deliver|not deliver|deliver(?:y|ed)?:? (?:status|fail|problem|report|error|notification|delayed|"
    r"incomplete)|"
    r"mail (?:deliver|failure|system error|could not|error)|failure notice|failed (?:delivery|mail)|returned (?:mail|"
    r"to sender)|returning |"
    r"(?:message|mail|email) (?:status|undeliver|you sent|could not|has not|bounced)|(?:could|can) ?not (?:be )?(?:deliver|send)|"
    r"unable to deliver|delivery has failed|bounce|warning: (?:could|message)|unzustell|nicht zugestellt|unknown (?:user|"
    r"address)|"
    r"не ?достав|ошибка доставки|возврат|unbekannt|non remis|échec|non distribu|no se (?:puede|pudo)|niet bezorg|"
    r"не ?уда[её]тся достав|не (?:удалось|вдалося) достав|не ?може бути достав|"
    r"impossibile (?:recapitare|consegnare)|mancat[ao] (?:consegna|recapito)|"
    r"não (?:foi )?entreg|não pôde ser|falha na entrega|devolvid[ao]|no (?:entregad|se ha podido)|devuelt[ao]|nie można dostarcz|"
    r"niedostarczon|zwrot (?:przesyłki|wiadomości)|nedoru[čc]|teslim edil|kunne ikke leveres|ikke leveret|kunde inte levereras|"
    r"olevererbar|ei voitu toimittaa|kézbesít(?:hetetlen|és)|nelivr|niet afgeleverd|onbestelbaar|退信|无法送达|無法傳遞|"
    r"配信|送信|エラー|system notification",
    re.IGNORECASE,
)
_LOOKED_AT = 20_000
"""Letters of a report in which a server says what it has to say; behind them stands the mail that came back."""
_ADDRESS = r"[^\s<>()\[\],;:\"'@]{1,256}@[\w-]{1,64}(?:\.[\w-]{1,64})+"
_IN_TEXT = (
    re.compile(rf"(?:final|original)-recipient:\s*(?:rfc822;)?\s*<?({_ADDRESS})", re.IGNORECASE),
    re.compile(rf"(?:rcpt|rcpt to|recipient|to|user|address)\s*:?\s*<({_ADDRESS})>", re.IGNORECASE),
    re.compile(rf"^\s*<({_ADDRESS})>", re.MULTILINE),
    re.compile(rf"^\s*({_ADDRESS})\s*$", re.MULTILINE),
    re.compile(rf"<({_ADDRESS})>"),
    re.compile(rf"\b({_ADDRESS})"),
)
_ORIGINAL = re.compile(
    r"^.{0,8}(?:--.*(?:original|returned|copy|below|undeliver).*|.*(?:this is a copy of|copy of the (?:message|mail)|"
    r"original (?:message|mail|headers)|"
    r"message header|unsent message|included below|text of your|headers? follow).*)$",
    re.IGNORECASE | re.MULTILINE,
)
_MESSAGE_ID = re.compile(r"^[>\s]*Message-ID:\s*<?([^\s<>]+@[^\s<>]+)>?", re.IGNORECASE | re.MULTILINE)
_FIELD = re.compile(r"^([A-Za-z][\w-]*):[ \t]*((?:.*)(?:\n[ \t]+.*)*)", re.MULTILINE)
_DELAYED = re.compile(
    r"\bdelayed\b|\(delay\)|not yet been delivered|(?:will|is) (?:continue|be(?:ing)? retried|keep(?:ing)? trying|still trying)|"
    r"attempts will continue|warning: could not send|задерж|ещ[её] не доставлен|verzögert|(?:est )?retardé|retrasad|"
    r"no action is required",
    re.IGNORECASE,
)
_SAYS_SO = re.compile(
    r"(?:could|can|did|was|were|has|have|is|be)(?: ?not|n't) (?:been |be |being )?(?:deliver|sent|process|accept|reach)|"
    r"undeliver|delivery (?:\w+ ){0,4}fail|"
    r"permanent (?:fatal )?error|failed (?:recipient|permanently)|returned to (?:you|sender)|unable to (?:deliver|send|relay)|"
    r"(?:user|host|mailbox|address|recipient) (?:is )?(?:unknown|not found|unavailable|full)|unknown user|no such user|"
    r"не (?:может быть|была?|удалось|доставлено|вдалося) ?(?:достав|по адресу)?|сбой доставки|недоставлен|nicht zugestellt|"
    r"konnten? nicht erreicht|nachrichtenzustellung|pas été (?:remis|distribué)|échec de la remise|error de entrega|"
    r"no (?:se )?(?:ha )?(?:podido|pudo) entreg|recapito non riuscito|non (?:è|e) stato (?:consegnato|recapitato)|"
    r"não pôde ser entregue|nie można dostarczyć|nemohla být doručena|teslim edilemedi|届け|送信|送達|配信",
    re.IGNORECASE,
)


def bounce(mail: Mail, content: Content, text: str) -> Bounce | None:
    """The bounce that a mail reports, or None where it is no bounce. `text`: its readable text."""
    text = text[:_LOOKED_AT]
    blocks = list(_recipients(content))
    if blocks:
        return _from_report(mail, blocks, content, text)
    if any(kind == "message/feedback-report" for kind, _ in content.reports):
        return None
    if _looks_like_one(mail, text):
        return _from_words(mail, content, text)
    return None


def complaint(mail: Mail, content: Content) -> str:
    """The address of a person who pressed "this is spam" (RFC 5965), or ""."""
    for kind, report in content.reports:
        if kind == "message/feedback-report":
            fields = _fields(report)
            found = re.search(_ADDRESS, fields.get("original-rcpt-to", "") or fields.get("removal-recipient", ""))
            return normal(found[0]) if found else _to_of_original(content)
    return ""


def _fields(block: str) -> dict[str, str]:
    """Header-like lines as a mapping, the first of each name."""
    found: dict[str, str] = {}
    for match in _FIELD.finditer(block.replace("\r\n", "\n")):
        found.setdefault(match[1].lower(), " ".join(match[2].split()))
    return found


def _recipients(content: Content) -> Iterator[dict[str, str]]:
    """The blocks of a delivery status that speak of a recipient who did not get the mail."""
    for kind, report in content.reports:
        if kind in ("message/delivery-status", "message/global-delivery-status"):
            whole = _fields(report)
            for block in re.split(r"\n\s*\n", report.replace("\r\n", "\n")):
                fields = _fields(block)
                if {"final-recipient", "original-recipient", "x-actual-recipient"} & fields.keys():
                    yield {**{k: v for k, v in whole.items() if k in ("arrival-date", "x-original-message-id")}, **fields}


def _from_report(mail: Mail, blocks: list[dict[str, str]], content: Content, text: str) -> Bounce | None:
    """The worst of the reported recipients; None where all of them got the mail."""
    failed = [one for one in blocks if one.get("action", "failed").split()[0:1] != ["delivered"] and _is_failure(one)]
    if not failed:
        return None
    found = [_of_block(one, mail, content, text) for one in failed]
    return next((one for one in found if one.hard), found[0])


def _is_failure(block: Mapping[str, str]) -> bool:
    action = block.get("action", "").split(" ")[0].strip().lower().strip(";")
    return action not in ("delivered", "relayed", "expanded") and not block.get("status", "").startswith("2")


def _of_block(block: Mapping[str, str], mail: Mail, content: Content, text: str) -> Bounce:
    diagnostic = re.sub(r"^[\w-]+\s*;\s*", "", block.get("diagnostic-code", ""))
    told = diagnostic or _told(text)
    delayed = block.get("action", "").lower().startswith("delayed")
    status = _most_precise(code_in(block.get("status", "")), code_in(told))
    return Bounce(
        address=_address_of(block) or _failed_header(mail),
        code=status or reply_code_in(told),
        hard=is_hard(status, told if diagnostic else text) and not delayed,
        reason=diagnostic[:500] or _reason(told) or block.get("status", ""),
        # A delayed mail has not failed: it may arrive yet, so it is not named.
        external_id=None if delayed else _original_id(mail, content, text),
        delayed=delayed,
    )


def _most_precise(status: str, in_words: str) -> str:
    """The code in the server's words rather than the report's status, unless it says less: many reports say 5.0.0 to all."""
    vague = in_words.endswith(".0") and not status.endswith(".0")
    return status if not in_words or (vague and status) else in_words


def _address_of(block: Mapping[str, str]) -> str:
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        found = re.search(_ADDRESS, block.get(name, "").partition(";")[2] or block.get(name, ""))
        if found:
            return normal(found[0])
    return normal(block.get("final-recipient", "").partition(";")[2])


def _failed_header(mail: Mail) -> str:
    found = re.search(_ADDRESS, headers.field(mail, "X-Failed-Recipients"))
    return normal(found[0]) if found else ""


def _looks_like_one(mail: Mail, text: str) -> bool:
    """Who it comes from, and either what it is called or what it says. X-Failed-Recipients alone is enough."""
    if _failed_header(mail):
        return True
    sender = " ".join(f"{one.name} {one.address}" for one in mailboxes(mail, "From"))
    if not (_DAEMON.search(sender) or null_sender(mail)):
        return False
    return bool(_SUBJECT.search(headers.text(mail, "Subject")) or _SAYS_SO.search(text))


def _from_words(mail: Mail, content: Content, text: str) -> Bounce:
    told = _told(text)
    code = code_in(told)
    delayed = code[:1] != "5" and bool(_DELAYED.search(headers.text(mail, "Subject")) or _DELAYED.search(told))
    return Bounce(
        address=_failed_header(mail) or _address_in(mail, told) or _to_of_original(content),
        code=code or reply_code_in(told),
        hard=is_hard(code, told) and not delayed,
        reason=_reason(told),
        external_id=None if delayed else _original_id(mail, content, text),
        delayed=delayed,
    )


def _told(text: str) -> str:
    """What the server says, without the mail that it sends back. Cut behind the first address: before it, nothing is told yet."""
    cuts = (match.start() for match in _ORIGINAL.finditer(text))
    return next((text[:cut] for cut in cuts if "@" in text[:cut]), text)


def _reason(told: str) -> str:
    """The line with the code in it, or the first words."""
    lines = [line.strip() for line in told.splitlines() if line.strip()]
    best = next((line for line in lines if code_in(line) or reply_code_in(line)), "")
    return (best or " ".join(lines))[:500]


def _address_in(mail: Mail, told: str) -> str:
    ours = {one.address for header in ("To", "From", "Delivered-To") for one in mailboxes(mail, header)}
    for pattern in _IN_TEXT:
        for match in pattern.finditer(told):
            if normal(match[1]) not in ours:
                return normal(match[1]).rstrip(".")
    return ""


def _original_id(mail: Mail, content: Content, text: str) -> str | None:
    """The Message-ID of the mail that came back: from its copy, from words about it, at last from In-Reply-To."""
    for kind, report in content.reports:
        if kind.startswith(("message/rfc822", "text/rfc822")):
            found = _MESSAGE_ID.search(report)
            if found:
                return found[1]
    for kind, report in content.reports:
        if "delivery-status" in kind and (ids := headers.message_ids(_fields(report).get("x-original-message-id", ""))):
            return ids[0]
    in_words = _MESSAGE_ID.search(text)
    answered = headers.message_ids(headers.field(mail, "In-Reply-To"))
    return in_words[1] if in_words else next(iter(answered), None)


def _to_of_original(content: Content) -> str:
    for kind, report in content.reports:
        if kind.startswith(("message/rfc822", "text/rfc822")):
            found = re.search(_ADDRESS, _fields(report).get("to", ""))
            return normal(found[0]) if found else ""
    return ""
