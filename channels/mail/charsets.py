"""Turn bytes into text whatever charset they claim: the claim is tried first, then what the bytes themselves look like."""

import codecs
import re

from channels.mail.guessing import likely

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
_ESCAPES = re.compile(rb"(\x1b(?:\$[@B]|\$\(D|\([BIJ]))")


def decode(data: bytes, charset: str = "") -> str:
    """`data` as text. Never fails: a wrong or unknown charset falls back to a guess, and at last to replacement characters."""
    codec = _codec(charset)
    if codec in ("", "utf-8") and data.isascii() and _ESCAPES.search(data):
        return _japanese(data)
    if codec and not (codec.startswith("cp125") and _is_utf8(data)):
        try:
            return data.decode(codec)
        except (UnicodeError, LookupError):
            pass
    if codec.startswith("iso2022_jp") and data.isascii():
        return _japanese(data)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        # A letter cut in half at the end: an encoded word that was split, a part that was cut short.
        if error.start >= len(data) - 3 and error.start > 0:
            return data.decode("utf-8", "replace")
        return _nearest(data, codec)


def _japanese(data: bytes) -> str:
    """ISO-2022-JP as mail programs write it: with NEC's and IBM's characters, which Python's codec does not know."""
    out, kanji = "", False
    for piece in _ESCAPES.split(data):
        if _ESCAPES.fullmatch(piece):
            kanji, kana = piece in (b"\x1b$B", b"\x1b$@"), piece == b"\x1b(I"
        elif kanji:
            out += b"".join(_shift_jis(piece[i], piece[i + 1]) for i in range(0, len(piece) - 1, 2)).decode("cp932", "replace")
        else:
            out += bytes(b | 0x80 for b in piece).decode("cp932", "replace") if out and kana else piece.decode("ascii")
    return out


def _shift_jis(row: int, cell: int) -> bytes:
    """A character of JIS X 0208 by its row and cell bytes, in the form that cp932 reads."""
    lead = ((row + 1) >> 1) + (0x70 if row < 0x5F else 0xB0)
    trail = cell + (0x1F if cell < 0x60 else 0x20) if row & 1 else cell + 0x7E
    return bytes((lead & 0xFF, trail & 0xFF))


def _is_utf8(data: bytes) -> bool:
    """Whether bytes above ASCII form valid UTF-8: no text in a one-byte charset does so by chance."""
    try:
        return not data.isascii() and bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def _codec(charset: str) -> str:
    """The codec that `charset` means, or "" where there is none."""
    name = re.split(r"[\s;,=]", charset.strip().strip("\"'").lower())[0]
    if not name or name in _NOT_CHARSETS:
        return ""
    if name.startswith(("utf-8", "utf8")):
        return "utf-8"
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
    return data.decode(likely(data), "replace")
