"""Judge why a mail came back: whether the address is dead (suppress it) or only this mail or this day was bad."""

import re

_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.-])([45]\d\d)(?:[ -](?=\D|\d\.\d)|[:,;)\]]|$)", re.MULTILINE)

# Words are surer than codes: half of all servers answer 5.1.1 or 5.0.0 to everything. The three are asked in this order.
_SURELY_NOT = re.compile(
    r"(?:domain of )?sender(?:'s)? (?:address|domain)|sender (?:reject|denied|verif|not|invalid|unknown)|rejected sender|"
    r"procmail|"
    r"account (?:is |has been )?(?:disabled|suspended|on hold)|(?:disabled|suspended) (?:account|user|mailbox|or discontinued)|"
    r"user account disabled|(?<!5\.4\.1 )(?<!rejected: )access denied|malformed|\bptr\b|reverse dns|couldn't create|loop",
    re.IGNORECASE,
)
_THE_ADDRESS = re.compile(
    r"user[\s.-]*unknown|unknown[\s.-]*(?:user|local|recipient|address|account|mailbox|host)|no[\s.-]*such[\s.-]*(?:user|"
    r"recipient|address|"
    r"mailbox|account|domain|host|person|email)|not a (?:valid|known) (?:user|mailbox|recipient)|no mailbox (?:here|by)|"
    r"invalid (?:recipient|mailbox|address|user|final delivery userid)|no valid recipients|not recogni[sz]ed|"
    r"inactive e-?mail address|"
    r"(?:user|recipient|mailbox|account|address|e-?mail)(?: address| account| name)?(?: \S+){0,3}? (?:does(?: not|"
    r"n't) exist|not found|"
    r"unknown|is unknown|is invalid|not exist|no longer (?:exists|valid|active)|has moved|not known|isn't known|"
    r"could(?: not|n't) be found|wasn't found|not listed|does not have)|"
    r"(?:does not|doesn't|do not|don't) have an? (?:\S+ )?account|there is no (?:user|one|such)|"
    r"(?:this|that) (?:user|address|recipient|account) (?:does(?: not|n't)|no longer)|bad (?:destination|address|recipient)|"
    r"recipient (?:address )?rejected: (?:user|undeliverable|unknown|access denied)|5\d\d \S+ does not exist|host unknown|"
    r"(?:host|domain)(?: name)?(?: \S+){0,2} (?:not found|unknown|does not exist|not exist|lookup (?:fail|did))|"
    r"name or service not known|nxdomain|no mx\b|does not accept (?:mail|email)\b|null ?mx|no smtp service|unrouteable|"
    r"unroutable|"
    r"undeliverable address|addressee unknown|no account|not our customer|deactivated|unknown to|relocated|moved to|"
    r"address (?:has )?changed|ящик\S* не (?:существует|найден)|(?:адрес|пользовател\w+) (?:\S+ )?не (?:существует|найден)|"
    r"нет такого|недействител|existiert nicht|unbekannter empf|inconnu|リストにありません|存在しません|"
    r"adresse (?:wurde )?nicht gefunden|e-?mail-adresse konnte nicht gefunden|adresse(?: \S+){0,6} introuvable|"
    r"adresse de messagerie(?: \S+){0,8} introuvable|"
    r"не (?:удалось найти|найден)\w*(?: \S+){0,3} (?:адрес|пользовател|ящик)|адрес\w* не найден|"
    r"no se (?:ha )?encontr[óa](?: \S+){0,3} (?:dirección|usuario)|usuario (?:desconocido|no existe|inexistente)|"
    r"non è stato trovato|indirizzo(?: \S+){0,5} non (?:esiste|trovato)|"
    r"utente (?:sconosciuto|inesistente)|usu[aá]rio (?:desconhecido|inexistente|não)|nie ma takiego|"
    r"nieznany (?:użytkownik|odbiorca)|"
    r"uživatel neexistuje|(?:bilinmeyen|geçersiz) (?:kullanıcı|alıcı)|"
    r"ismeretlen (?:felhasználó|címzett)|\S{1,64} wasn't found at|"
    r"користувач\w* не (?:існує|знайдено)|listed in domino directory",
    re.IGNORECASE,
)
_PASSING = re.compile(
    r"\bspam|\bspf\b|dkim|dmarc|reputation|blocked|blacklist|black list|blocklist|block list|denylist|dnsbl|\brbl\b|"
    r"spamhaus|policy|"
    r"quota|mailbox (?:is )?full|storage|disk|too (?:large|big|many)|size (?:limit|exceed)|exceed|relay|authenticat|"
    r"not authori[sz]ed|unauthori[sz]ed|permission|greylist|try again|temporar|virus|content|rate limit|throttl|disabled|suspend|"
    r"inactive|locked|on hold|verify your|timed? ?out|connection (?:refused|reset|lost)|deferred|restricted|forbidden|"
    r"rejected by (?:user|recipient)|hops|\btls\b|certificate",
    re.IGNORECASE,
)
# Some say 5.7.1 ("policy") where nobody has the address (Yandex: 550 5.7.1 No such user!).
_NOBODY_THERE = re.compile(
    r"no such user|user unknown|unknown user|invalid recipient|user (?:does not|doesn't) exist", re.IGNORECASE
)
_POLICY = re.compile(
    r"spam|polic|relay|block|reputation|access denied|not allowed|authenticat|unauthori|dmarc|spf|dkim", re.IGNORECASE
)
# Of codes only those that name the address are trusted by themselves. 5.2 (a full mailbox), 5.6 (content) and 5.7 (policy) are
# never the address's end, whatever the words beside them; 5.1.7 and 5.1.8 speak of the sender.
_DEAD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4", "5.4.310"}
_NEVER_DEAD = re.compile(r"4\.|5\.[67]\.|5\.2\.[02-9]$|5\.1\.[78]$")


def code_in(text: str) -> str:
    """The enhanced status code (RFC 3463) that tells most: the first that is not of the kind "something else" (x.y.0)."""
    found: list[str] = _CODE.findall(text)
    telling = [one for one in found if not one.endswith(".0")] or [one for one in found if not one.endswith(".0.0")] or found
    return telling[0] if telling else ""


def reply_code_in(text: str) -> str:
    """The first three-digit SMTP code of a refusal, or ""."""
    found = _REPLY.search(text)
    return found[1] if found else ""


def is_hard(code: str, words: str) -> bool:
    """Whether the address will never take mail."""
    if code.startswith("5.7.") and _NOBODY_THERE.search(words) and not _POLICY.search(words):
        return True
    if _NEVER_DEAD.match(code) or _SURELY_NOT.search(words):
        return False
    return bool(_THE_ADDRESS.search(words)) or (code in _DEAD and not _PASSING.search(words))
