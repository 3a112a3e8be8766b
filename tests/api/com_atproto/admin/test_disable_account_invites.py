"""com.atproto.admin.disableAccountInvites."""

from support.administration import MISSING, ask, check_rights, noted, order
from support.calls import refusal
from support.server import Person, Roost


def test_it_is_so_and_noted_with_its_reason(roost: Roost, person: Person) -> None:
    """Asking twice is as good as once."""
    order(roost, "enableAccountInvites", account=person.did)

    for _ in range(2):
        answer = order(roost, "disableAccountInvites", account=person.did, note="they asked")
        assert (answer.status_code, answer.content) == (200, b"")

    assert ask(roost, "getAccountInfo", did=person.did).json()["invitesDisabled"] is True
    changed = {"invitesDisabled": True, "was": False, "note": "they asked"}
    assert noted(roost, person.did)[1].changed == changed


def test_of_an_account_that_is_not_here(roost: Roost) -> None:
    """It is told."""
    refused = refusal(order(roost, "disableAccountInvites", account=MISSING))

    assert refused == (400, "AccountNotFound", f"Account not found: {MISSING}")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "disableAccountInvites", anybody, account=anybody.did)
