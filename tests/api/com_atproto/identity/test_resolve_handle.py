"""com.atproto.identity.resolveHandle."""

import pytest

from support.calls import refusal, set_status
from support.server import Person, Roost


def test_a_hosted_handle_leads_to_its_did(roost: Roost, anybody: Person) -> None:
    """In any spelling."""
    for handle in (anybody.handle, anybody.handle.upper()):
        assert roost.get("com.atproto.identity.resolveHandle", handle=handle).json() == {"did": anybody.did}


@pytest.mark.parametrize("handle", ["nobody-here.test", "a.b.c.test"])
def test_an_unknown_name_of_ours_is_not_found(roost: Roost, handle: str) -> None:
    """Under a domain of this server only this server could know it."""
    answer = roost.get("com.atproto.identity.resolveHandle", handle=handle)

    assert refusal(answer) == (400, "HandleNotFound", "Unable to resolve handle")


def test_the_handle_of_an_inactive_account_is_not_found(roost: Roost, person: Person) -> None:
    """It leads nowhere while the account is deactivated, and back afterwards."""
    set_status(roost, person, "deactivated")
    answer = roost.get("com.atproto.identity.resolveHandle", handle=person.handle)
    assert refusal(answer) == (400, "HandleNotFound", "Unable to resolve handle")

    set_status(roost, person, None)
    assert roost.get("com.atproto.identity.resolveHandle", handle=person.handle).status_code == 200


@pytest.mark.parametrize("handle", [None, "", "nonsense", "did:plc:abc", "a..test"])
def test_what_is_no_handle_is_refused(roost: Roost, handle: str | None) -> None:
    """A missing or malformed name is the caller's fault."""
    given = {} if handle is None else {"handle": handle}

    status, name, message = refusal(roost.get("com.atproto.identity.resolveHandle", **given))

    assert (status, name) == (400, "InvalidHandle" if handle else "InvalidRequest")
    assert message.startswith("Invalid com.atproto.identity.resolveHandle params: ")
