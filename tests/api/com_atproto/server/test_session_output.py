"""The answer that gives out a session."""

import orjson
import pytest

from roost.api.com_atproto.server.session_output import session_output
from roost.api.encode import encode
from roost.services.accounts import Account
from roost.services.sessions import Pair
from roost.syntax import Did, Handle

PAIR = Pair(access="a", refresh="r")


def account(status: str | None = None, email: str | None = "alice@mail.test") -> Account:
    """Return an account in some state."""
    return Account(1, Did("did:web:alice.test"), Handle("alice.test"), email, "hash", status, 0)


def test_an_active_account_has_no_status() -> None:
    """What is not so is left out, and the password is never told."""
    assert orjson.loads(encode(session_output(account(), PAIR))) == {
        "accessJwt": "a",
        "refreshJwt": "r",
        "handle": "alice.test",
        "did": "did:web:alice.test",
        "email": "alice@mail.test",
        "emailConfirmed": False,
        "active": True,
    }


@pytest.mark.parametrize("status", ["deactivated", "takendown"])
def test_an_inactive_account_says_why(status: str) -> None:
    """Clients show another screen for it."""
    told = orjson.loads(encode(session_output(account(status), PAIR)))

    assert (told["active"], told["status"]) == (False, status)


def test_no_email_is_no_field() -> None:
    """Null would be a broken answer."""
    assert "email" not in orjson.loads(encode(session_output(account(email=None), PAIR)))
