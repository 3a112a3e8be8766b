"""An account with a token of another scope: as an app password would give it, or a sign-in after a takedown."""

from dataclasses import replace

from roost.services.caller import Scope
from roost.services.sessions import Sessions, new_id
from roost.services.tokens import ACCESS_TYPE, Claims
from roost.services.tokens import Tokens as Writer
from roost.storage import accounts
from roost.storage.db import Tx
from roost.syntax import Did
from support.calls import inside
from support.server import Person, Roost


def as_scope(roost: Roost, person: Person, scope: Scope) -> Person:
    """Return the account with a session of its own and a token of that scope."""
    server = roost.app.server
    assert server is not None
    sessions, id = server.get(Sessions), new_id()
    writer: Writer = sessions._tokens

    def add(tx: Tx) -> None:
        account = accounts.by_did(tx, Did(person.did))
        assert account is not None
        sessions.add_refreshable(tx, account.id, id)

    async def begin() -> str:
        await server.db.write(add)
        return writer.write(Claims(ACCESS_TYPE, scope, Did(person.did), id, 2_000_000_000))

    return replace(person, jwt=inside(roost, begin()))
