"""Which handles accounts here may have."""

from __future__ import annotations

import pytest

from roost.identity import handle as rules
from roost.identity.errors import (
    DisallowedTld,
    HandleNotAvailable,
    HandleTooLong,
    HandleTooShort,
    InvalidHandle,
    InvalidHandleLabel,
    ReservedHandle,
    UnsupportedDomain,
)
from roost.syntax import Handle

DOMAINS = [".test", ".users.example.com", "example.com"]


@pytest.mark.parametrize("raw", ["bob.test", "eighteen-letters-x.test", "Alice.TEST", "alice.users.example.com"])
def test_ordinary_handles_are_given_out(raw: str) -> None:
    """Three to eighteen characters in front of a service domain, in any case."""
    assert rules.check_local(Handle.parse(raw), DOMAINS) in ("test", "users.example.com")


@pytest.mark.parametrize("tld", sorted(rules.DISALLOWED_TLDS))
def test_unresolvable_tlds_are_refused(tld: str) -> None:
    """Nobody could ever verify a handle there."""
    with pytest.raises(DisallowedTld, match="Handle TLD is invalid or disallowed"):
        rules.check_local(Handle.parse(f"alice.{tld}"), [tld])


@pytest.mark.parametrize(
    ("raw", "error", "text"),
    [
        ("jo.test", HandleTooShort, "Handle too short"),
        ("nineteen-letters-xy.test", HandleTooLong, "Handle too long"),
        ("alice.more.test", InvalidHandleLabel, "Invalid characters in handle"),
        ("about.test", ReservedHandle, "Reserved handle"),
        ("atp.test", ReservedHandle, "Reserved handle"),
        ("john.bsky.io", UnsupportedDomain, "Not a supported handle domain"),
    ],
)
def test_refusals_have_the_reference_texts(raw: str, error: type[Exception], text: str) -> None:
    """Clients show these sentences, so they are the ones clients know."""
    with pytest.raises(error) as caught:
        rules.check_local(Handle.parse(raw), DOMAINS)

    assert str(caught.value) == text


def test_refusals_fall_into_the_wire_names() -> None:
    """Each error belongs to the XRPC error it is answered as."""
    assert issubclass(HandleTooShort, InvalidHandle)
    assert issubclass(HandleTooLong, InvalidHandle)
    assert issubclass(InvalidHandleLabel, InvalidHandle)
    assert issubclass(DisallowedTld, InvalidHandle)
    assert issubclass(ReservedHandle, HandleNotAvailable)


def test_administrators_may_give_out_reserved_words() -> None:
    """The domain's own people decide who is `admin`; the lengths hold for them as well."""
    assert rules.check_local(Handle.parse("admin.test"), DOMAINS, reserved_too=True) == "test"
    with pytest.raises(HandleTooShort):
        rules.check_local(Handle.parse("at.test"), DOMAINS, reserved_too=True)


def test_the_longest_domain_counts() -> None:
    """With one service domain inside another, a name under the inner one has one label, not two."""
    assert rules.service_domain_of(Handle.parse("alice.users.example.com"), DOMAINS) == "users.example.com"
    assert rules.service_domain_of(Handle.parse("alice.example.com"), DOMAINS) == "example.com"


def test_a_domain_must_end_at_a_dot() -> None:
    """`notexample.com` is not under `example.com`."""
    assert rules.service_domain_of(Handle.parse("notexample.com"), ["example.com"]) is None
