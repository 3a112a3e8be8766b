"""com.atproto.identity.requestPlcOperationSignature."""

import pytest

from roost.services.caller import Scope
from support.calls import inside, refusal, set_status
from support.identity import scoped
from support.server import Person, Roost

NSID = "com.atproto.identity.requestPlcOperationSignature"


def test_a_token_is_mailed(roost: Roost, person: Person) -> None:
    """To the account's own address, and nothing is told in the answer."""
    answer = person.post(NSID)

    assert (answer.status_code, answer.content) == (200, b"")
    (letter,) = roost.mailbox.to(person.email)
    assert letter.subject == "PLC Update Operation Requested"
    assert len(letter.tokens) == 1


@pytest.mark.parametrize("scope", [Scope.APP_PASS, Scope.APP_PASS_PRIVILEGED])
def test_an_app_password_may_not(roost: Roost, person: Person, scope: Scope) -> None:
    """A signature can hand the account to somebody else."""
    assert refusal(roost.post(NSID, headers=scoped(roost, person, scope))) == (400, "InvalidToken", "Bad token scope")
    assert refusal(roost.post(NSID))[:2] == (401, "AuthMissing")
    assert roost.mailbox.to(person.email) == []


def test_an_account_that_was_taken_down_may_leave(roost: Roost, person: Person) -> None:
    """With the token that it is given for that; a deactivated one with its usual one."""
    set_status(roost, person, "takendown")
    assert refusal(person.post(NSID))[:2] == (401, "AccountTakedown")
    assert roost.post(NSID, headers=scoped(roost, person, Scope.TAKENDOWN)).status_code == 200

    set_status(roost, person, "deactivated")
    assert person.post(NSID).status_code == 200


def test_an_account_without_an_address(roost: Roost, person: Person) -> None:
    """There is nowhere to send it."""
    server = roost.app.server
    assert server is not None
    inside(roost, server.db.write(lambda tx: tx.run("UPDATE account SET email = NULL WHERE did = ?", person.did)))

    assert refusal(person.post(NSID))[:2] == (400, "InvalidRequest")
