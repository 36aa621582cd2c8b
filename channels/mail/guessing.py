"""Guess the charset of bytes that do not say it, or say it wrongly: by which letters would stand in the text."""

import codecs
import functools

_LOOKED_AT = 4000
_OFTEN = dict(zip("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъё", (
    100, 77, 73, 67, 60, 57, 50, 43, 41, 40, 32, 29, 27, 25, 24, 18, 17, 16, 15, 15, 14, 13, 11, 9, 7, 7, 6, 4, 3, 3, 2, 1, 3,
), strict=True))  # fmt: skip
"""How often a letter stands in Russian texts, of a hundred о."""
_AMONG_LETTERS = b"\xa0\xa8\xb8\xa3\xb3\xb9\xab\xbb\x96\x97"
"""Space, Ё, №, quotes and dashes, where Cyrillic charsets have them."""
_COMMON_KOREAN = frozenset("이다는에을를의가은하고한로지기서도나어그리사자아인스해요세주있습니시수일대안문제전부")
# Lead bytes of the common characters in each two-byte charset; what stands beyond is rare, or noise from another charset.
_COMMON_LEADS = {
    "cp932": (range(0x81, 0x85), range(0x88, 0x98)),
    "euc_jp": (range(0xA1, 0xA6), range(0xB0, 0xD0)),
    "cp949": (range(0xA1, 0xA4), range(0xB0, 0xC9)),
    "gb2312": (range(0xA1, 0xA4), range(0xB0, 0xD8)),
    "big5": (range(0xA1, 0xA4), range(0xA4, 0xC7)),
}
_READS = {"gb2312": "gb18030"}
_SURE = 0.85
"""Share of common characters from which on it is no chance."""


def likely(data: bytes) -> str:
    """The likeliest codec. Cyrillic texts have more high bytes than a Western one has accents."""
    data = data[:_LOOKED_AT]
    asian = {codec: _asian(data, codec) for codec in _COMMON_LEADS}
    best = max(asian, key=lambda codec: asian[codec])
    russian = {codec: _cyrillic(data.decode(codec, "replace")) for codec in ("cp1251", "koi8-r", "cp866")}
    cyrillic = max(russian, key=lambda codec: russian[codec])
    if asian[best] >= _SURE and not _only_letters(data):
        return _READS.get(best, best)
    high = sum(byte >= 0x80 for byte in data)
    letters = sum(bytes((byte,)).isalpha() for byte in data) + high
    return "cp1252" if high * 3 < letters else cyrillic


def _asian(data: bytes, codec: str) -> float:
    """The share of common characters among those beyond ASCII; 0 where the bytes are no text of this charset."""
    try:
        text = codecs.getincrementaldecoder(_READS.get(codec, codec))("strict").decode(data, final=False)
    except UnicodeDecodeError:
        return 0.0
    beyond = [letter for letter in text if ord(letter) > 0x7F]
    if len(beyond) < 2:
        return 0.0
    share = sum(_is_common(letter, codec) for letter in beyond) / len(beyond)
    # The same bytes are Chinese, Japanese and Korean characters: only Japanese has kana, only Korean the same syllables often.
    if codec in ("cp932", "euc_jp") and not any("\u3041" <= letter <= "\u30ff" for letter in beyond):
        return share * 0.9
    if codec == "cp949" and sum(letter in _COMMON_KOREAN for letter in beyond) * 5 < len(beyond):
        return share * 0.9
    return share


def _only_letters(data: bytes) -> bool:
    """Whether all beyond ASCII are Cyrillic letters, as in a Russian subject in capitals; Asian text has other bytes too."""
    beyond = [byte for byte in data if byte >= 0x80]
    return len(beyond) > 3 and all(byte >= 0xC0 or byte in _AMONG_LETTERS for byte in beyond)


@functools.lru_cache(maxsize=10_000)
def _is_common(letter: str, codec: str) -> bool:
    try:
        raw = letter.encode(codec)
    except UnicodeEncodeError:
        return False
    return len(raw) == 2 and any(raw[0] in leads for leads in _COMMON_LEADS[codec])


def _cyrillic(text: str) -> float:
    """How much it reads like Russian: by the frequency of its letters, small ones before capitals."""
    beyond = [letter for letter in text if ord(letter) > 0x7F]
    worth = (_OFTEN.get(letter.lower(), 0) * (1.0 if letter.islower() else 0.85) for letter in beyond)
    return sum(worth) / len(beyond) if beyond else 0.0
