"""com.atproto.server.activateAccount."""

from dataclasses import replace

from roost.crypto.keys import PrivateKey
from roost.services.repos import Repos
from roost.storage.db import Tx
from roost.syntax import Did
from support.calls import at_once, create, head, refusal
from support.server import Person, Roost
from support.standing import change, deactivate, events_of, program, signed_in, take_down

NSID = "com.atproto.server.activateAccount"


def test_the_repository_is_served_again(roost: Roost, person: Person) -> None:
    """The network is told to look at the DID, then that the account is active, then where the repository is."""
    create(person, {"n": 1})
    deactivate(roost, person)
    before = len(events_of(roost, person))

    answer = person.post(NSID)

    assert (answer.status_code, answer.content) == (200, b"")
    told = events_of(roost, person)[before:]
    assert [name for name, _ in told] == ["#identity", "#account", "#sync"]
    (_, identity), (_, account), (_, sync) = told
    assert identity["handle"] == person.handle
    assert account["active"] is True
    assert "status" not in account
    assert sync["rev"] == head(person)[1]
    assert roost.get("com.atproto.sync.getRepo", did=person.did).status_code == 200
    assert create(person, {"n": 2}).status_code == 200


def test_an_active_account_states_itself_again(roost: Roost, person: Person) -> None:
    """Whoever thinks that the network has it wrong may repeat it."""
    before = len(events_of(roost, person))

    assert person.post(NSID).status_code == 200

    assert [name for name, _ in events_of(roost, person)[before:]] == ["#identity", "#account", "#sync"]


def test_the_did_must_lead_here(roost: Roost, person: Person) -> None:
    """Each thing that is wrong with it is named, and the account stays as it was."""
    deactivate(roost, person)
    before = events_of(roost, person)
    other = PrivateKey.generate()

    def another_key(tx: Tx, account: int) -> None:
        server = roost.app.server
        assert server is not None
        keyring = server.get(Repos)._keyring
        keyring.forget(Did.parse(person.did))
        sealed = keyring.seal_key(Did.parse(person.did), other)
        tx.run("UPDATE account SET signing_key = ? WHERE id = ?", sealed, account)

    change(roost, person, another_key)

    status, name, message = refusal(person.post(NSID))

    assert (status, name) == (400, "InvalidRequest")
    assert f"must be {other.public.did_key}" in message
    assert events_of(roost, person) == before
    assert person.get("com.atproto.server.getSession").json()["status"] == "deactivated"


def test_a_did_that_nobody_knows(roost: Roost, person: Person) -> None:
    """Is no document at all."""
    deactivate(roost, person)
    did = "did:plc:" + person.did[:-25:-1]
    change(roost, person, lambda tx, account: tx.run("UPDATE account SET did = ? WHERE id = ?", did, account))

    answer = signed_in(roost, replace(person, did=did)).post(NSID)

    assert refusal(answer)[:2] == (400, "InvalidRequest")


def test_activating_and_deactivating_at_once(roost: Roost, person: Person) -> None:
    """However they cross, the last event says what the account is."""
    answers = at_once(
        16, lambda n: person.post(NSID) if n % 2 else person.post("com.atproto.server.deactivateAccount", json={})
    )

    assert {answer.status_code for answer in answers} == {200}
    active = person.get("com.atproto.server.getSession").json()["active"]
    told = [body for name, body in events_of(roost, person) if name == "#account"]
    assert told[-1]["active"] is active


def test_only_the_accounts_own_password_will_do(roost: Roost, person: Person) -> None:
    """A program does not activate, nor a token that is for moving away from a takedown."""
    assert refusal(program(roost, person).post(NSID)) == (400, "InvalidToken", "Bad token scope")
    assert refusal(roost.post(NSID))[:2] == (401, "AuthMissing")
    take_down(roost, person)
    assert refusal(person.post(NSID)) == (401, "AccountTakedown", "Account has been taken down")
    let_in = signed_in(roost, person, allowTakendown=True)
    assert refusal(let_in.post(NSID)) == (400, "InvalidToken", "Bad token scope")
