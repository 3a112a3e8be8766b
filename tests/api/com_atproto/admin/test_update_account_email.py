"""com.atproto.admin.updateAccountEmail."""

from support.administration import MISSING, ask, check_rights, noted, order
from support.calls import at_once, inside, refusal
from support.server import Person, Roost


def test_the_address_is_another_and_has_to_be_confirmed(roost: Roost, person: Person) -> None:
    """By handle or DID; it is kept in lower case, and the log has both."""
    confirm(roost, person)

    new = f"New.{person.email}"
    answer = order(roost, "updateAccountEmail", account=person.handle, email=new)

    assert (answer.status_code, answer.content) == (200, b"")
    info = ask(roost, "getAccountInfo", did=person.did).json()
    assert (info["email"], "emailConfirmedAt" in info) == (new.lower(), False)
    (entry,) = noted(roost, person.did)
    assert (entry.subject, entry.changed) == (person.did, {"email": new.lower(), "was": person.email})


def confirm(roost: Roost, person: Person) -> None:
    """Have the address count as confirmed."""
    server = roost.app.server
    assert server is not None
    sql = "UPDATE account SET email_confirmed_at = 1 WHERE did = ?"

    async def change() -> None:
        await server.db.write(lambda tx: tx.run(sql, person.did))

    inside(roost, change())
    assert ask(roost, "getAccountInfo", did=person.did).json()["emailConfirmedAt"]


def test_somebody_elses_address_is_refused(roost: Roost, person: Person, anybody: Person) -> None:
    """In any case; one's own is not somebody else's."""
    refused = refusal(order(roost, "updateAccountEmail", account=person.did, email=anybody.email.upper()))

    assert refused == (
        400,
        "InvalidRequest",
        "This email address is already in use, please use a different email.",
    )
    assert order(roost, "updateAccountEmail", account=person.did, email=person.email).status_code == 200


def test_of_sixteen_accounts_one_gets_the_address(roost: Roost) -> None:
    """And the others keep their own."""
    people = [roost.person() for _ in range(16)]

    answers = at_once(16, lambda n: order(roost, "updateAccountEmail", account=people[n].did, email="one@mail.test"))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 15


def test_refusals(roost: Roost, anybody: Person) -> None:
    """An account that is not here, and what no mail reaches."""
    assert refusal(order(roost, "updateAccountEmail", account=MISSING, email="a@b.test"))[1] == "AccountNotFound"
    assert refusal(order(roost, "updateAccountEmail", account="no.such.test", email="a@b.test"))[1] == "AccountNotFound"
    for bad in ("nowhere", "a@b.test\r\nBcc: c@d.test", "a\0@b.test"):
        assert refusal(order(roost, "updateAccountEmail", account=anybody.did, email=bad))[1] == "InvalidRequest"


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "updateAccountEmail", anybody, account=anybody.did, email="a@b.test")
