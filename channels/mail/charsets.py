"""Turn bytes into text whatever charset they claim: the claim is tried first, then what the bytes themselves look like."""

import codecs

# What senders write, and what they mean. Browsers read Latin-1 and ASCII as Windows-1252, GB2312 as GB18030.
_MEANT = {
    "ascii": "utf-8",
    "us-ascii": "utf-8",
    "ansi_x3.4-1968": "utf-8",
    "iso-8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "iso-8859-8-i": "iso-8859-8",
    "ks_c_5601-1987": "cp949",
    "euc-kr": "cp949",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "shift_jis": "cp932",
    "x-sjis": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "unicode-1-1-utf-7": "utf-7",
    "win-1251": "cp1251",
    "windows1251": "cp1251",
    "koi8": "koi8-r",
    "macintosh": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
}
# Codecs of Python that are no charsets of mail.
_NOT_CHARSETS = {"idna", "punycode", "unicode_escape", "unicode-escape", "raw_unicode_escape", "raw-unicode-escape", "undefined"}
_COMMON_RUSSIAN = frozenset("оеаинтсрвлкмдпуяыьгзбчйхжшюцщэфъ")


def decode(data: bytes, charset: str = "") -> str:
    """`data` as text. Never fails: a wrong or unknown charset falls back to a guess, and at last to replacement characters."""
    codec = _codec(charset)
    if codec and not (codec.startswith("cp125") and _is_utf8(data)):
        try:
            return data.decode(codec)
        except (UnicodeError, LookupError):
            pass
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _nearest(data, codec)


def _is_utf8(data: bytes) -> bool:
    """Whether bytes above ASCII form valid UTF-8: no text in a one-byte charset does so by chance."""
    try:
        return not data.isascii() and bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _codec(charset: str) -> str:
    """The codec that `charset` means, or "" where there is none."""
    name = charset.strip().strip("\"'").lower()
    if not name or name in _NOT_CHARSETS:
        return ""
    try:
        info = codecs.lookup(_MEANT.get(name, name))
        b"".decode(info.name)  # a LookupError for codecs that are not of text (hex, zlib)
    except (LookupError, ValueError):
        return ""
    return info.name


def _nearest(data: bytes, codec: str) -> str:
    """The claimed charset with a few holes where it fits nearly, else the likeliest one-byte charset."""
    if codec:
        text = data.decode(codec, "replace")
        if text.count("\ufffd") * 20 <= len(text):
            return text
    return data.decode(_likely(data), "replace")


def _likely(data: bytes) -> str:
    """Cyrillic texts have more high bytes than a Western one has accents; which Cyrillic, the commonest letters tell."""
    high = sum(byte >= 0x80 for byte in data)
    letters = sum(bytes((byte,)).isalpha() for byte in data) + high
    if high * 3 < letters:
        return "cp1252"
    return max(("cp1251", "koi8-r", "cp866"), key=lambda codec: _russian(data.decode(codec, "replace")))


def _russian(text: str) -> int:
    return sum(letter in _COMMON_RUSSIAN for letter in text)
