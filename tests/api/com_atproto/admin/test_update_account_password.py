"""com.atproto.admin.updateAccountPassword."""

import msgspec

from support.administration import MISSING, check_rights, noted, order
from support.calls import refusal, sign_in
from support.server import PASSWORD, Person, Roost

NEW = "a very secret password"


def test_the_new_password_counts_and_sessions_end(roost: Roost, person: Person) -> None:
    """The old one lets nobody in."""
    session = sign_in(roost, person)

    answer = order(roost, "updateAccountPassword", did=person.did, password=NEW)

    assert (answer.status_code, answer.content) == (200, b"")
    assert refusal(session.renew()) == (400, "ExpiredToken", "Token has been revoked")
    body = {"identifier": person.handle, "password": PASSWORD}
    assert roost.post("com.atproto.server.createSession", json=body).status_code == 401
    assert sign_in(roost, person, NEW).get().status_code == 200


def test_the_password_is_not_in_the_log(roost: Roost, person: Person) -> None:
    """Neither when it was taken nor when it was refused."""
    order(roost, "updateAccountPassword", did=person.did, password=NEW)
    order(roost, "updateAccountPassword", did=person.did, password="short")
    order(roost, "updateAccountPassword", did=person.did, password=7)
    order(roost, "updateAccountPassword", did=MISSING, password=NEW)

    entries = noted(roost, person.did)

    assert [entry.outcome for entry in entries] == ["InvalidPassword", "done"]
    assert entries[1].changed == {"replaced": "password", "ended": "sessions"}
    whole = msgspec.json.encode([*entries, *noted(roost, MISSING)], enc_hook=str)
    assert NEW.encode() not in whole
    assert b"short" not in whole


def test_refusals(roost: Roost, anybody: Person) -> None:
    """An account that is not here, and a password that will not do."""
    assert refusal(order(roost, "updateAccountPassword", did=MISSING, password=NEW))[:2] == (400, "AccountNotFound")
    for bad in ("short", "x" * 257):
        refused = refusal(order(roost, "updateAccountPassword", did=anybody.did, password=bad))
        assert refused[:2] == (400, "InvalidPassword")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "updateAccountPassword", anybody, did=anybody.did, password=NEW)
