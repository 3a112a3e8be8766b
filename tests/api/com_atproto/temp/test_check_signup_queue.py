"""Nobody queues here."""

from support.calls import refusal
from support.server import Person, Roost

NSID = "com.atproto.temp.checkSignupQueue"


def test_an_account_may_be_used_at_once(anybody: Person) -> None:
    """There is no queue, so there is no place in it."""
    assert anybody.get(NSID).json() == {"activated": True}


def test_nobody_is_told_nothing(roost: Roost) -> None:
    """It is about an account."""
    assert refusal(roost.get(NSID))[1] == "AuthMissing"
