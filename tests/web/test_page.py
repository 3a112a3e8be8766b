"""Pages out of templates."""

import pytest
from jinja2 import UndefinedError

from roost.services.policy import Policy
from roost.syntax import Did
from roost.web.page import page

POLICY = Policy(
    did=Did.parse("did:web:pds.example.com"),
    hostname='<script>"&',
    public_url="https://pds.example.com",
    domains=("example.com", "example.org"),
    invite_required=True,
    reset_url="https://pds.example.com/reset",
)


def test_values_are_escaped() -> None:
    """Nothing that is shown can become a part of the page."""
    text = bytes(page("home.html", policy=POLICY, accounts=1, version="1").body).decode()

    assert "<h1>&lt;script&gt;&#34;&amp;</h1>" in text
    assert "<script" not in text


def test_each_domain_is_shown() -> None:
    """All domains, and that one needs an invite."""
    text = bytes(page("home.html", policy=POLICY, accounts=1, version="1").body).decode()

    assert "<code>.example.com</code> <code>.example.org</code>" in text
    assert "with an invite code from the operator" in text


def test_a_value_that_is_missing_is_an_error() -> None:
    """A page with a hole in it must not be shown."""
    with pytest.raises(UndefinedError):
        page("home.html", policy=POLICY, version="1")
