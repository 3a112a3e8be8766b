"""The steps of a move that `test_migrate` does not come by."""

import pytest

from roost.cli.move import Move
from roost.cli.peer import Refused
from support.movers import Silent
from support.server import PASSWORD, Person, Roost


def test_somebody_elses_account_is_in_the_way(begun: tuple[Move, Person, Silent], there: Roost) -> None:
    """A handle that is taken there ends it, with the server's words."""
    move, person, _ = begun
    body = {"handle": person.handle, "email": "other@mail.test", "password": PASSWORD}
    assert there.post("com.atproto.server.createAccount", json=body).status_code == 200

    with pytest.raises(Refused, match="Handle already taken"):
        move.create(PASSWORD, None)
