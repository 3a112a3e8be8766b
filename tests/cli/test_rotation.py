"""Whose a DID's rotation keys are."""

from contextlib import closing
from pathlib import Path

import pytest

from roost.cli.peer import Peer
from roost.cli.rotation import RotationKeys
from roost.crypto.keys import PrivateKey
from roost.services.errors import UpstreamFailure
from roost.syntax import Did
from support.calls import refusal
from support.movers import resident
from support.server import PASSWORD, Person, Roost, running


def own_keys(roost: Roost, person: Person, plc_url: str | None = None) -> list[str] | None:
    """Ask which keys are somebody's own."""
    with closing(Peer("the old server", roost.url)) as old:
        old.sign_in(person.handle, PASSWORD)
        return RotationKeys(plc_url or roost.plc_url, Did(person.did)).of_owner(old)


def test_a_recovery_key_is_its_owners(roost: Roost) -> None:
    """Also where the server names it among those that it recommends; who has none has none."""
    key = PrivateKey.generate().public.did_key
    for _ in range(4):
        resident(roost)

    assert own_keys(roost, resident(roost, recoveryKey=key)) == [key]
    assert own_keys(roost, resident(roost)) == []


def test_a_key_that_most_accounts_have_is_the_operators(tmp_path: Path) -> None:
    """It stays behind; while there are too few accounts to tell, it stays."""
    operators, mine = PrivateKey.generate().public.did_key, PrivateKey.generate().public.did_key
    with running(tmp_path, recovery_key=operators) as server:
        first = resident(server)
        assert own_keys(server, first) == [operators]
        others = [resident(server) for _ in range(2)]
        second = resident(server, recoveryKey=mine)

        assert own_keys(server, first) == []
        assert own_keys(server, second) == [mine]
        assert len(others) == 2


def test_an_account_that_was_taken_down(roost: Roost) -> None:
    """Its server recommends nothing any more; the last key is taken for the server's."""
    key = PrivateKey.generate().public.did_key
    person = resident(roost, recoveryKey=key)
    subject = {"$type": "com.atproto.admin.defs#repoRef", "did": person.did}
    done = roost.post(
        "com.atproto.admin.updateSubjectStatus",
        json={"subject": subject, "takedown": {"applied": True}},
        auth=roost.admin,
    )
    assert done.status_code == 200, refusal(done)

    assert own_keys(roost, person) == [key]


def test_a_directory_that_cannot_be_asked(roost: Roost) -> None:
    """It is named, with the option that names another."""
    person = resident(roost)

    with pytest.raises(UpstreamFailure, match="--plc URL names another"):
        own_keys(roost, person, "http://127.0.0.1:1")


def test_a_did_web_has_no_such_keys(roost: Roost) -> None:
    """There is nothing to find out."""
    with closing(Peer("the old server", roost.url)) as old:
        assert RotationKeys(roost.plc_url, Did("did:web:alice.test")).of_owner(old) is None
