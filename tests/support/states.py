"""The state matrix of what anybody may read of a repository (reference section 1.10), for one method after another."""

import time
from collections.abc import Callable

import httpx
import pytest

from roost.services.caller import Scope
from roost.services.sessions import Sessions, new_id
from roost.services.tokens import ACCESS_TYPE, Claims
from roost.storage import sessions
from roost.storage.db import Tx
from roost.storage.sessions import Session
from roost.syntax import Did
from support.calls import bearer, inside, refusal, set_status
from support.server import Person, Roost

Ask = Callable[[Person, dict[str, str] | None, tuple[str, str] | None], httpx.Response]
"""Asks for a person's repository, with headers and with the administrator's credentials, or without."""

INACTIVE = pytest.mark.parametrize(
    ("status", "name"), [("deactivated", "RepoDeactivated"), ("takendown", "RepoTakendown")]
)


def asking(roost: Roost, nsid: str, params: Callable[[Person], dict[str, object]]) -> Ask:
    """Return what asks a method about a person."""

    def ask(person: Person, headers: dict[str, str] | None, auth: tuple[str, str] | None) -> httpx.Response:
        return roost.client.get(
            f"/xrpc/{nsid}",
            params=params(person),  # type: ignore[arg-type]  # httpx takes what can be written into a URL
            headers=headers,
            auth=auth or httpx.USE_CLIENT_DEFAULT,
        )

    return ask


def check_states(roost: Roost, ask: Ask, status: str, name: str) -> None:
    """Check who is answered about a repository in that state: its owner and the administrator, nobody else."""
    person, other = roost.person(), roost.person()
    assert ask(person, None, None).status_code == 200
    set_status(roost, person, status)

    refused = (400, name, f"Repo has been {status}: {person.did}")
    assert refusal(ask(person, None, None)) == refused
    assert refusal(ask(person, other.auth, None)) == refused
    assert ask(person, None, roost.admin).status_code == 200
    if status == "deactivated":
        assert ask(person, person.auth, None).status_code == 200
    else:
        assert ask(person, person.auth, None).status_code in (400, 401)


def check_credentials(roost: Roost, ask: Ask, person: Person) -> None:
    """Check that bad credentials are refused although none would do, and that an unknown repository has its error."""
    assert refusal(ask(person, bearer("nonsense"), None))[:2] == (400, "InvalidToken")
    assert refusal(ask(person, None, ("admin", "wrong")))[0] == 401
    stranger = Person("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa", "nobody.test", "", "", roost.client)
    missing = (400, "RepoNotFound", f"Could not find repo: {stranger.did}")
    assert refusal(ask(stranger, None, None)) == missing
    assert refusal(ask(stranger, None, roost.admin)) == missing


def takendown_token(roost: Roost, person: Person) -> dict[str, str]:
    """Return the header of a session that is for what an account may still do after a takedown."""
    server = roost.app.server
    assert server is not None
    # No method is needed to give one out: what a token of this scope may do is what is looked at.
    tokens = server.get(Sessions)._tokens
    id, until = new_id(), int(time.time()) + 600

    def add(tx: Tx) -> None:
        (account,) = tx.all("SELECT id FROM account WHERE did = ?", person.did)[0]
        sessions.add(tx, Session(id, account, Scope.TAKENDOWN, until - 600, until, None))

    async def change() -> None:
        await server.db.write(add)

    inside(roost, change())
    return bearer(tokens.write(Claims(ACCESS_TYPE, Scope.TAKENDOWN, Did(person.did), id, until)))
