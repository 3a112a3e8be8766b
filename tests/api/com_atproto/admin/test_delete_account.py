"""com.atproto.admin.deleteAccount."""

from support.administration import MISSING, ask, check_rights, noted, order
from support.calls import at_once, refusal
from support.server import Person, Roost


def test_the_account_is_gone_and_the_log_remembers(roost: Roost, person: Person) -> None:
    """Its token is nobody's, its repository is not found; what was done outlives it."""
    answer = order(roost, "deleteAccount", did=person.did)

    assert (answer.status_code, answer.content) == (200, b"")
    assert refusal(person.get("com.atproto.server.getSession"))[1] == "AccountNotFound"
    assert refusal(roost.get("com.atproto.sync.getLatestCommit", did=person.did))[1] == "RepoNotFound"
    assert refusal(ask(roost, "getAccountInfo", did=person.did))[1] == "NotFound"
    (entry,) = noted(roost, person.did)
    assert (entry.method, entry.actor, entry.address) == ("com.atproto.admin.deleteAccount", "admin", "127.0.0.1")
    assert (entry.subject, entry.changed, entry.outcome) == (person.did, {"handle": person.handle}, "done")


def test_an_account_that_was_never_here_is_not_deleted(roost: Roost) -> None:
    """Nothing is told the network of a DID that was not hosted; that somebody tried is noted."""
    refused = refusal(order(roost, "deleteAccount", did=MISSING))

    assert refused == (400, "AccountNotFound", f"Account not found: {MISSING}")
    assert noted(roost, MISSING)[0].outcome == "UnknownAccount"


def test_of_sixteen_one_deletes(roost: Roost, person: Person) -> None:
    """The others are told that there is no such account."""
    answers = at_once(16, lambda _: order(roost, "deleteAccount", did=person.did))

    assert sorted(answer.status_code for answer in answers)[:2] == [200, 400]
    assert {refusal(answer)[1] for answer in answers if answer.status_code != 200} == {"AccountNotFound"}
    assert sorted(entry.outcome for entry in noted(roost, person.did)).count("done") == 1


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "deleteAccount", anybody, did=anybody.did)
