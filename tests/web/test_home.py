"""The front page."""

import re
from base64 import b64encode
from hashlib import sha256

from support.server import Roost


def test_the_page_says_what_this_is(roost: Roost) -> None:
    """Name, accounts, handles and whether one may join; and where to read more."""
    roost.person()

    text = roost.client.get("/").text

    assert "<h1>localhost</h1>" in text
    assert "<code>.test</code>" in text
    assert "open to everybody" in text
    assert re.search(r"<dt>Accounts</dt><dd>[1-9]\d*</dd>", text)
    assert {"https://atproto.com", "/xrpc/_health"} <= set(re.findall(r'href="([^"]+)"', text))


def test_the_page_may_load_nothing(roost: Roost) -> None:
    """The policy lets through the page's own style sheet, by its hash, and nothing else."""
    answer = roost.client.get("/")

    style = answer.text.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    policy = answer.headers["content-security-policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")
    assert "<script" not in answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_the_page_is_for_a_phone_too(roost: Roost) -> None:
    """It is as wide as the screen, and as dark as its owner likes."""
    text = roost.client.get("/").text

    assert '<meta name="viewport" content="width=device-width, initial-scale=1">' in text
    assert "@media (prefers-color-scheme: dark)" in text


def test_a_head_request(roost: Roost) -> None:
    """Whoever only asks whether it is there gets no page."""
    answer = roost.client.head("/")

    assert (answer.status_code, answer.content) == (200, b"")
