"""Bytes as text, whatever charset they claim, or none."""

import pytest

from channels.mail.charsets import decode

TEXTS = [
    ("Добрый день! Где мой заказ?", ["cp1251", "koi8-r", "cp866", "utf-8"]),
    ("СРОЧНО: СЧЁТ НА ОПЛАТУ", ["cp1251", "koi8-r"]),
    ("您好，请问订单什么时候发货？", ["gb18030", "utf-8"]),
    ("机房环境法规", ["gb18030"]),
    ("您好，請問訂單什麼時候出貨？", ["big5"]),
    ("ご注文ありがとうございます。", ["cp932", "euc_jp", "iso2022_jp"]),
    ("안녕하세요, 주문을 확인해 주세요.", ["cp949"]),
    ("Größe für ältere Männer, naïve café", ["cp1252", "utf-8"]),
]


@pytest.mark.parametrize(("text", "codec"), [(text, codec) for text, codecs in TEXTS for codec in codecs])
@pytest.mark.parametrize("claim", ["", "utf-8", "x-unknown", "us-ascii"])
def test_a_charset_that_is_missing_or_wrong_is_guessed(text: str, codec: str, claim: str) -> None:
    assert decode(text.encode(codec), claim) == text


CLAIMS = [
    ("in quotes, with what follows", '"utf-8"; format=flowed', "абв".encode(), "абв"),
    ("with a typo", "utf8mb4", "абв".encode(), "абв"),
    ("Latin-1 that is Windows", "iso-8859-1", b"it\x92s", "it’s"),
    ("UTF-8 called Windows", "windows-1251", "абв".encode(), "абв"),
    ("NEC's characters in ISO-2022-JP", "iso-2022-jp", b"\x1b$B-!#1\x1b(B!", "①１!"),
    ("half-width syllables in ISO-2022-JP", "iso-2022-jp", b"\x1b$B-!\x1b(I1\x1b(B", "①ｱ"),
    ("Shift_JIS called ISO-2022-JP", "iso-2022-jp", "ツール".encode("cp932"), "ツール"),
    ("a letter cut in half", "utf-8", "Привет".encode()[:-1], "Приве�"),
    ("no text at all", "zlib_codec", b"plain", "plain"),
]


@pytest.mark.parametrize(("claim", "raw", "text"), [c[1:] for c in CLAIMS], ids=[c[0] for c in CLAIMS])
def test_a_claim_is_taken_as_it_is_meant(claim: str, raw: bytes, text: str) -> None:
    assert decode(raw, claim) == text
