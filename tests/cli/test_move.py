"""The steps of a move that `test_migrate` does not come by."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from roost.cli.move import Move
from roost.cli.move_state import MoveFolder, MoveState
from roost.cli.peer import Json, Peer, Refused
from roost.data import cbor
from roost.data.cid import Cid
from roost.repo import Create
from roost.services.errors import InvalidRequest
from support.moving import key_of, repo_of, send
from support.server import PASSWORD, Person, Roost, running
from support.strangers import Stranger


class Silent:
    """Watches without a word, and keeps what it was told."""

    def __init__(self) -> None:
        self.warnings: list[str] = []

    def step(self, what: str) -> None:
        """Hear of a step."""

    def warn(self, text: str) -> None:
        """Keep a warning."""
        self.warnings.append(text)

    def moved(self, size: int) -> None:
        """Hear of progress."""

    def ask_token(self, where: str) -> str:
        """Know no code."""
        raise AssertionError(where)

    def wait_for_document(self, wanted: Json) -> None:
        """Never be asked."""
        raise AssertionError(wanted)


@pytest.fixture
def there(tmp_path: Path, roost: Roost) -> Iterator[Roost]:
    """Another server in the same network."""
    (tmp_path / "there").mkdir()
    with running(tmp_path / "there", plc_url=roost.plc_url, public_url="http://there.test:1") as server:
        yield server


@pytest.fixture
def begun(roost: Roost, there: Roost, tmp_path: Path) -> Iterator[tuple[Move, Person, Silent]]:
    """A move of somebody with a few records, signed in on the old server."""
    person = roost.person()
    session = roost.post(
        "com.atproto.server.createSession", json={"identifier": person.handle, "password": PASSWORD}
    ).json()
    person = Person(person.did, person.handle, person.email, session["accessJwt"], person.client)
    state = MoveState(person.did, roost.url, there.url, person.handle, person.email)
    ui = Silent()
    with closing(Peer("the old server", roost.url)) as old, closing(Peer("the new server", there.url)) as new:
        old.sign_in(person.handle, PASSWORD)
        yield Move(old, new, MoveFolder(tmp_path, person.did), state, ui, list), person, ui


def write(person: Person, rkey: str, value: dict[str, object]) -> None:
    """Put a record."""
    body = {"repo": person.did, "collection": "com.example.thing", "rkey": rkey, "record": value}
    answer = person.post("com.atproto.repo.putRecord", json=body)
    assert answer.status_code == 200, answer.text


def test_every_step_may_be_taken_again(begun: tuple[Move, Person, Silent]) -> None:
    """Also when nobody remembers that it was taken."""
    move, person, _ = begun
    write(person, "a", {"n": 1})
    for _ in range(2):
        move.state.done.clear()
        move.create(PASSWORD, None)
        move.repo()
        move.blobs()
        move.preferences()

    assert move.check()["indexedRecords"] == 1
    assert move.verify().problems == []


def test_the_servers_are_compared(begun: tuple[Move, Person, Silent]) -> None:
    """A record that was written on the old one since is missed."""
    move, person, _ = begun
    move.create(PASSWORD, None)
    move.repo()
    move.blobs()
    write(person, "later", {"n": 2})

    assert move.verify().problems == ["the two repositories do not hold the same records"]
    move.repo()
    assert move.verify().problems == []


def test_a_blob_that_the_old_server_has_lost(begun: tuple[Move, Person, Silent], roost: Roost) -> None:
    """It is told by name, and does not stop the move: the account had lost it before."""
    move, person, ui = begun
    cid = Cid.of_raw(b"lost long ago")
    _lose(roost, person, cid)
    move.create(PASSWORD, None)
    move.repo()

    move.blobs()

    assert move.state.lost == [str(cid)]
    assert ui.warnings[0].startswith(f"{cid} does not come along: the old server refused getBlob")
    move.check()
    assert move.verify().problems == []


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
    headers = person.auth | {"content-type": "text/plain"}
    blob = person.client.post("/xrpc/com.atproto.repo.uploadBlob", content=b"a file", headers=headers).json()["blob"]
    write(person, "pic", {"pic": blob})
    move.create(PASSWORD, None)
    move.repo()

    with pytest.raises(InvalidRequest, match="1 files are still missing"):
        move.check()


def test_somebody_elses_account_is_in_the_way(begun: tuple[Move, Person, Silent], there: Roost) -> None:
    """A handle that is taken there ends it, with the server's words."""
    move, person, _ = begun
    body = {"handle": person.handle, "email": "other@mail.test", "password": PASSWORD}
    assert there.post("com.atproto.server.createAccount", json=body).status_code == 200

    with pytest.raises(Refused, match="Handle already taken"):
        move.create(PASSWORD, None)
