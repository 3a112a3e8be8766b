"""What tests of identities look at from outside: the PLC directory over HTTP, and the events of one account."""

import time

import httpx

from roost.services.caller import Scope
from roost.services.sessions import Sessions, new_id
from roost.services.tokens import ACCESS_TYPE, Claims
from roost.storage import accounts, events
from roost.storage.db import Tx
from roost.syntax import Did
from support.calls import bearer, inside
from support.house import opened
from support.server import Person, Roost


def plc_data(roost: Roost, did: str) -> dict[str, object]:
    """Return what the directory says of a DID."""
    answer = httpx.get(f"{roost.plc_url}/{did}/data")
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert isinstance(found, dict)
    return found


def plc_log(roost: Roost, did: str) -> list[dict[str, object]]:
    """Return the operations of a DID."""
    answer = httpx.get(f"{roost.plc_url}/{did}/log")
    assert answer.status_code == 200, answer.text
    return list(answer.json())


def told_of(roost: Roost, did: str) -> list[tuple[str, object]]:
    """Return the names of an account's events, each with the handle that it tells."""
    server = roost.app.server
    assert server is not None
    frames = inside(roost, server.db.read(lambda tx: events.after(tx, 0, 100_000)))
    told = [opened(frame) for _, frame in frames]
    return [(name, body.get("handle")) for name, body in told if did in (body.get("did"), body.get("repo"))]


def session_handle(person: Person) -> str:
    """Return the handle that the account's session names."""
    answer = person.get("com.atproto.server.getSession")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["handle"])


def scoped(roost: Roost, person: Person, scope: Scope) -> dict[str, str]:
    """Return the headers of a session that was opened for less than the account's own password is good for."""
    server = roost.app.server
    assert server is not None
    sessions, id = server.get(Sessions), new_id()

    def add(tx: Tx) -> None:
        account = accounts.by_did(tx, Did(person.did))
        assert account is not None
        sessions.add_long(tx, account.id, id)

    inside(roost, server.db.write(add))
    claims = Claims(ACCESS_TYPE, scope, Did(person.did), id, int(time.time()) + 60)
    return bearer(sessions._tokens.write(claims))
