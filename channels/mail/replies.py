"""Part what a customer has newly written from the quoted mail and the signature under it, for display; the raw mail keeps all."""

import itertools
import re
from dataclasses import dataclass

from channels.mail import phrases
from channels.mail.readable import QUOTE

_LOOKED_AT = 60_000
_LINES = 2_000
"""Letters and lines that are looked at. Nobody answers at such length; what stands behind goes where the last of them went."""
_TRIES = 200
"""Lines that are tried as the beginning of a wrapped announcement: a dear look, and a thread has no more."""
_LONGEST = 6
"""Lines of the longest attribution seen: some programs put name, address and link each on a line of its own."""
_WIDEST = 600
"""Longer lines are paragraphs that somebody wrote."""
_TELLING = re.compile(r"[\d@:：]|wrote")
_ON_A_DAY = re.compile(r"^On .*\d{4}\b")
_BIDI = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
"""Marks of direction that programs put around addresses; invisible, and in the way of every pattern."""
_RULER = re.compile(r"^\s*[-_=*]{5,}\s*$")


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """`text` + `quoted` are all the lines of the mail; `text` is empty only where the mail is."""

    text: str
    quoted: str


def split(body: str) -> Reply:
    """Part a plain-text body. Never hides words that may be new: where nothing would remain, nothing is cut."""
    head = _beginning(body)
    reply = _split(head)
    tail = body[len(head) :]
    if not tail.strip():
        return reply
    if reply.quoted:
        return Reply(text=reply.text, quoted=reply.quoted + tail)
    return Reply(text=body.replace(QUOTE, "").strip("\n").rstrip(), quoted="")


def _beginning(body: str) -> str:
    end = min(len(body), _LOOKED_AT)
    if body.count("\n", 0, end) > _LINES:
        end = [match.end() for match in itertools.islice(re.finditer("\n", body), _LINES)][-1]
    return body[:end]


def _split(body: str) -> Reply:
    lines = _one_per_line(body)
    kinds = _kinds(lines)
    cut = _cut(kinds)
    quoted_lines = _hidden(kinds, cut)
    text = _join([line for index, line in enumerate(lines) if index not in quoted_lines])
    if not text:
        return Reply(text=_join(lines), quoted="")
    return Reply(text=text, quoted=_join([line for index, line in enumerate(lines) if index in quoted_lines]))


def _one_per_line(body: str) -> list[str]:
    """Lines, with an attribution that the sender's program wrapped over several lines made one again."""
    plain = body.replace("\r\n", "\n").replace("\r", "\n").replace("\xa0", " ").replace("\u202f", " ")
    lines = [(_BIDI.sub("", line) if "@" in line else line).rstrip() for line in plain.split("\n")]
    out: list[str] = []
    index = tries = 0
    while index < len(lines):
        begins = _may_announce(lines[index]) and bool(phrases.ATTRIBUTION_BEGINS.match(lines[index]))
        tries += begins
        length = _attribution_length(lines, index) if begins and tries <= _TRIES else 1
        out.append(" ".join(line.strip() for line in lines[index : index + length]) if length > 1 else lines[index])
        index += length
    return out


def _attribution_length(lines: list[str], index: int) -> int:
    """How many lines from here on are one attribution (1 where it is none, or a short one)."""
    if phrases.ATTRIBUTION.match(lines[index]):
        return 1
    for length in range(2, 1 + _LONGEST):
        piece = lines[index : index + length]
        if len(piece) < length or (not piece[-1].strip() and not _ON_A_DAY.match(lines[index])):
            return 1
        joined = " ".join(line.strip().lstrip("> ") for line in piece)
        if not piece[-1].strip() or len(joined) > _WIDEST:
            continue
        if phrases.ATTRIBUTION.match(joined) and phrases.STRONG.match(joined):
            return length
    return 1


def _join(lines: list[str]) -> str:
    kept = [line for line in lines if not line.startswith(QUOTE)]
    return re.sub(r"\n{4,}", "\n\n\n", "\n".join(kept)).strip("\n").rstrip()


def _kinds(lines: list[str]) -> str:
    """One letter a line: e empty, q quoted, a attribution, w maybe one, d end, s signature mark, p sent from a phone, t text."""
    kinds = [_kind(lines, index) for index in range(len(lines))]
    for index in range(1, len(lines) - 1):
        if kinds[index - 1] == kinds[index + 1] == "q" and kinds[index] == "t" and _is_wrapped(lines[index - 1], lines[index]):
            kinds[index] = "q"
    return "".join(kinds)


def _is_wrapped(quoted: str, line: str) -> bool:
    """Whether a line amid a quote is the end of the long quoted line above, broken by a program that forgot the ">"."""
    return len(quoted) > 60 and line[:1].islower()


def _kind(lines: list[str], index: int) -> str:
    line = lines[index]
    if not line.strip():
        return "e"
    if _ends_the_new(lines, index):
        return "d"
    if line.lstrip().startswith((">", "|>")):
        return "q"
    return _kind_of_words(line) if len(line) <= _WIDEST else "t"


def _ends_the_new(lines: list[str], index: int) -> bool:
    line = lines[index]
    if line.startswith(QUOTE):
        return True
    if len(line) > _WIDEST:
        return False
    if phrases.ADVERT.match(line) and not lines[index - 1].strip():
        return True
    marked = line.lstrip()[0] in "-_=>*#" or line[-1] in "-_=:：*"
    if marked and (phrases.DELIMITER.match(line) or phrases.DASHED.match(line)):
        return True
    if phrases.ABOVE.match(line) or phrases.FOOTING.match("\n".join(lines[index : index + 2])):
        return True
    return _header_block(lines, index)


def _may_announce(line: str) -> bool:
    """A cheap look before the dear patterns: an attribution has an address, a colon or a digit in it."""
    return len(line) <= _WIDEST and bool(_TELLING.search(line))


def _kind_of_words(line: str) -> str:
    if phrases.SIGNATURE.match(line):
        return "s"
    if len(line) < 250 and phrases.SENT_FROM.match(phrases.LINK.sub("", line).rstrip()):
        return "p"
    if not _may_announce(line) or not phrases.ATTRIBUTION.match(line):
        return "t"
    return "a" if phrases.STRONG.match(line) else "w"


def _header_block(lines: list[str], index: int) -> bool:
    """From:, Sent:, To:, Subject: one below the other, as Outlook puts above the mail that it answers."""
    if lines[index].lstrip().startswith(">") or not (":" in lines[index] or "：" in lines[index] or _RULER.match(lines[index])):
        return False
    if _RULER.match(lines[index]):
        following = next((i for i in range(index + 1, min(index + 4, len(lines))) if lines[i].strip()), None)
        return following is not None and not _RULER.match(lines[following]) and _header_block(lines, following)
    if not phrases.HEADER_OTHER.match(lines[index]):
        return False
    block = [line for line in lines[index : index + 8] if line.strip()][:5]
    others = sum(bool(phrases.HEADER_OTHER.match(line)) for line in block)
    addressed = others >= 3 and any("@" in line for line in block)
    dated = others >= 4 and any(phrases.DAY.search(line) for line in block)
    return (addressed or dated) and any(phrases.HEADER_FROM.match(line) for line in block)


def _cut(kinds: str) -> int:
    """The line from which on all is old: a delimiter, or an attribution whose quote runs to the end without ">"."""
    for index, kind in enumerate(kinds):
        ends = kind == "d" or (kind == "a" and not _followed_by_quote(kinds, index))
        if ends and set(kinds[:index]) & {"t", "w"}:
            return index
    return len(kinds)


def _followed_by_quote(kinds: str, index: int) -> bool:
    return kinds[index + 1 :].lstrip("e").startswith("q")


def _hidden(kinds: str, cut: int) -> set[int]:
    """The lines to put away: all from `cut` on, quotes with their attributions, and the signature."""
    hidden = set(range(cut, len(kinds)))
    live = kinds[:cut]
    for match in re.finditer(r"[aw]?e*q(?:[qe]*q)?|a(?=e*$)|^e*a", live):
        if _is_put_away(live, match):
            hidden |= set(range(match.start(), match.end()))
    rest = "".join("h" if index in hidden else kind for index, kind in enumerate(live))
    return hidden | _signature(rest)


def _is_put_away(live: str, match: "re.Match[str]") -> bool:
    """A quote is put away at the end or under its attribution; one amid the text is what the answer speaks of, and stays."""
    if not live[match.end() :].strip("eqsp"):
        return True
    return bool(set(match[0]) & {"a", "w"})


def _signature(kinds: str) -> set[int]:
    """From a signature mark to the end, and the line that a phone adds."""
    mark = kinds.find("s")
    found = {index for index, kind in enumerate(kinds) if kind == "p" and not kinds[index + 1 :].strip("ehps")}
    if mark > 0 and kinds[:mark].strip("eh"):
        found |= set(range(mark, len(kinds)))
    return found
