"""com.atproto.admin.getSubjectStatus."""

from support.administration import MISSING, ask, check_rights
from support.calls import refusal
from support.server import Person, Roost


def test_an_account_that_nothing_was_done_to(roost: Roost, anybody: Person) -> None:
    """Neither taken down nor deactivated."""
    assert ask(roost, "getSubjectStatus", did=anybody.did).json() == {
        "subject": {"$type": "com.atproto.admin.defs#repoRef", "did": anybody.did},
        "takedown": {"applied": False},
        "deactivated": {"applied": False},
    }


def test_refusals(roost: Roost) -> None:
    """What is not here is not found; nothing is nothing to ask about."""
    assert refusal(ask(roost, "getSubjectStatus", did=MISSING)) == (400, "NotFound", "Subject not found")
    assert refusal(ask(roost, "getSubjectStatus")) == (400, "InvalidRequest", "No provided subject")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "GET", "getSubjectStatus", anybody, did=anybody.did)
