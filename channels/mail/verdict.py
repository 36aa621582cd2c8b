"""Judge why a mail came back: whether the address is dead (suppress it) or only this mail or this day was bad."""

import re

_CODE = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.]*\d)")
_REPLY = re.compile(r"(?<![\d.-])([45]\d\d)(?:[ -](?=\D|\d\.\d)|[:)\]]|$)", re.MULTILINE)

# Words are surer than codes: half of all servers answer 5.1.1 or 5.0.0 to everything. The first that matches decides.
_NOT_THE_ADDRESS = re.compile(
    r"\bspam|spf|dkim|dmarc|reputation|blocked|blacklist|black list|blocklist|block list|denylist|dnsbl|rbl|spamhaus|policy|"
    r"quota|mailbox (?:is )?full|over ?quota|storage|disk|"
    r"too (?:large|big|many)|size (?:limit|exceed)|exceed|relay|authenticat|not authori[sz]ed|unauthori[sz]ed|permission|"
    r"sender (?:address |domain )?(?:reject|denied|verif|not|invalid|unknown)|rejected sender|reverse dns|ptr|greylist|"
    r"try again|temporar|"
    r"virus|content|rate limit|throttl|disabled|suspend|inactive|locked|on hold|verify your|"
    r"timed? ?out|connection (?:refused|reset|lost)|deferred|restricted|forbidden|access denied|rejected by (?:user|recipient)|"
    r"loop|hops|tls|certificate",
    re.IGNORECASE,
)
_THE_ADDRESS = re.compile(
    r"user[\s.-]*unknown|unknown[\s.-]*(?:user|local|recipient|address|account|mailbox)|no[\s.-]*such[\s.-]*(?:user|"
    r"recipient|address|mailbox|account|"
    r"domain|host|person|email)|not a (?:valid|known) (?:user|mailbox|recipient)|no mailbox (?:here|by)|"
    r"invalid (?:recipient|mailbox|address|user)|"
    r"(?:user|recipient|mailbox|account|address|e?-?mail)(?: address| account| name)?(?: \S+){0,3}? (?:does(?: not|"
    r"n't) exist|not found|unknown|is unknown|is invalid|"
    r"not exist|no longer (?:exists|valid|active)|has moved|not known|isn't known|could(?: not|n't) be found|wasn't found|"
    r"not listed|does not have)|"
    r"(?:does not|doesn't|do not|don't) have an? (?:\S+ )?account|there is no (?:user|one|such)|(?:this|that) (?:user|"
    r"address|recipient|account) "
    r"(?:does(?: not|n't)|no longer)|bad (?:destination|address|recipient)|recipient (?:address )?rejected: (?:user|"
    r"undeliverable|unknown|access denied)|"
    r"(?:host|domain)(?: name)?(?: \S+){0,2} (?:not found|unknown|does not exist|not exist|lookup (?:fail|did))|"
    r"unknown host|host unknown|"
    r"name or service not known|nxdomain|no mx|does not accept (?:mail|email)|null ?mx|unrouteable|unroutable|"
    r"undeliverable address|"
    r"addressee unknown|no account|not our customer|deactivated|unknown to|relocated|moved to|address (?:has )?changed|"
    r"(?:ящик|адрес|пользовател\w+) (?:\S+ )?не (?:существует|найден)|нет такого|недействител|existiert nicht|"
    r"unbekannter empf|inconnu",
    re.IGNORECASE,
)
_DEAD = {"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.4.4", "5.4.310"}


def code_in(text: str) -> str:
    """The first enhanced status code (RFC 3463) that tells more than "something", else the first of all, else ""."""
    found: list[str] = _CODE.findall(text)
    return next((one for one in found if not one.endswith(".0.0")), found[0] if found else "")


def reply_code_in(text: str) -> str:
    """The first three-digit SMTP code of a refusal, or ""."""
    found = _REPLY.search(text)
    return found[1] if found else ""


def is_hard(code: str, words: str) -> bool:
    """Whether the address will never take mail."""
    if code.startswith("4"):
        return False
    if _THE_ADDRESS.search(words):
        return True
    return code in _DEAD and not _NOT_THE_ADDRESS.search(words)
