"""Which addresses our server may be sent to by a link."""

import pytest

from inbox.media.inward import inward

CASES = [
    ("http://127.0.0.1:8080/x", True),
    ("http://localhost/x", True),
    ("http://10.1.2.3/", True),
    ("http://192.168.0.1/", True),
    ("http://169.254.169.254/latest/meta-data", True),
    ("http://[::1]/", True),
    ("http://0.0.0.0/", True),
    ("https://93.184.215.14/picture.png", False),
    ("https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/", False),
]


@pytest.mark.parametrize(("url", "expected"), CASES)
async def test_addresses_inside_a_network_are_known(url: str, expected: bool) -> None:
    assert await inward(url) is expected
