"""What a move carries, and what it is careful with."""

import pytest

from roost.cli.carrying import ROUNDS, Carrying
from roost.cli.move import Move
from roost.cli.peer import Json
from roost.data import cbor
from roost.data.cid import Cid
from roost.repo import Create
from roost.services.errors import InvalidRequest
from support.calls import put
from support.movers import Silent, upload
from support.moving import key_of, repo_of, send
from support.server import PASSWORD, Person, Roost
from support.strangers import Stranger


def test_every_step_may_be_taken_again(begun: tuple[Move, Person, Silent]) -> None:
    """Also when nobody remembers that it was taken."""
    move, person, _ = begun
    assert put(person, "a", {"n": 1}).status_code == 200
    for _ in range(2):
        move.state.done.clear()
        move.create(PASSWORD, None)
        move.cargo.repo()
        move.cargo.blobs()
        move.cargo.preferences()

    assert move.cargo.check()["indexedRecords"] == 1
    assert move.cargo.verify().problems == []


def test_the_servers_are_compared(begun: tuple[Move, Person, Silent]) -> None:
    """A record that was written on the old one since is missed."""
    move, person, _ = begun
    move.create(PASSWORD, None)
    move.cargo.repo()
    move.cargo.blobs()
    assert put(person, "later", {"n": 2}).status_code == 200

    assert move.cargo.verify().problems == ["the two repositories do not hold the same records"]
    move.cargo.repo()
    assert move.cargo.verify().problems == []


def test_a_blob_that_the_old_server_has_lost(begun: tuple[Move, Person, Silent], roost: Roost) -> None:
    """It is told by name, and does not stop the move: the account had lost it before."""
    move, person, ui = begun
    cid = Cid.of_raw(b"lost long ago")
    _lose(roost, person, cid)
    move.create(PASSWORD, None)
    move.cargo.repo()

    move.cargo.blobs()

    assert move.state.lost == [str(cid)]
    assert ui.warnings[0].startswith(f"{cid} does not come along: the old server refused getBlob")
    move.cargo.check()
    assert move.cargo.verify().problems == []


def _lose(roost: Roost, person: Person, cid: Cid) -> None:
    """Give somebody a record that refers to a blob which is not there, as only an import can."""
    stranger = Stranger.register(roost)
    stranger.did, stranger.key = type(stranger.did)(person.did), key_of(roost, person)
    repo = repo_of(stranger, 0)
    value = {"pic": {"$type": "blob", "ref": cid, "mimeType": "text/plain", "size": 13}}
    repo.commit(Create("com.example.pic/a", cbor.encode(value)))  # type: ignore[arg-type]  # a Value
    answer = send(person, repo.export())
    assert answer.status_code == 200, answer.text


def test_files_that_have_not_come_yet(begun: tuple[Move, Person, Silent]) -> None:
    """Without them the identity does not change."""
    move, person, _ = begun
    assert put(person, "pic", {"pic": upload(person, b"a file")}).status_code == 200
    move.create(PASSWORD, None)
    move.cargo.repo()

    with pytest.raises(InvalidRequest, match="1 files are still missing"):
        move.cargo.check()


def test_an_old_server_that_never_stands_still(
    begun: tuple[Move, Person, Silent], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few rounds its owner is asked to stop what writes there; then the move goes on."""
    move, person, _ = begun
    move.create(PASSWORD, None)
    real, numbers = type(move.cargo).check, iter(range(100))

    def write_too(self: Carrying) -> Json:
        assert put(person, "busy", {"n": next(numbers)}).status_code == 200
        return real(self)

    monkeypatch.setattr(Carrying, "check", write_too)
    with pytest.raises(InvalidRequest, match="the old server is written to all the time"):
        move.cargo.bring()
    monkeypatch.undo()

    assert move.cargo.bring()["indexedRecords"] == 1
    assert next(numbers) == ROUNDS
