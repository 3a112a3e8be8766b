"""One server of a move, as its account's owner uses it."""

import threading
from collections.abc import Iterator
from contextlib import closing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from roost.cli.peer import Peer, Refused, Unreachable
from support.server import PASSWORD, Roost


class Moody(ThreadingHTTPServer):
    """A server that answers as it was told to, one answer after the other."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes, dict[str, str]]] = []
        self.asked: list[str] = []
        super().__init__(("127.0.0.1", 0), Handler)


class Handler(BaseHTTPRequestHandler):
    """Answers."""

    server: Moody

    def do_GET(self) -> None:
        """Give the next answer."""
        self.server.asked.append(self.headers.get("authorization", ""))
        status, body, headers = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in ({"content-length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    do_POST = do_GET  # noqa: N815 - as the library calls it

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@pytest.fixture
def moody() -> Iterator[Moody]:
    """A server that does as it is told."""
    with Moody() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def peer(moody: Moody, monkeypatch: pytest.MonkeyPatch) -> Iterator[Peer]:
    """Its client, whose patience takes no time."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with closing(Peer("the old server", f"http://127.0.0.1:{moody.server_port}/")) as made:
        yield made


def test_a_busy_server_is_asked_again(moody: Moody, peer: Peer) -> None:
    """After the pause that it wants; not after an hour."""
    moody.answers = [(503, b"", {}), (429, b"", {"retry-after": "2"}), (200, b'{"did": "x"}', {})]
    assert peer.get("a.b.c") == {"did": "x"}

    moody.answers = [(429, b'{"error": "RateLimitExceeded", "message": "later"}', {"retry-after": "3600"})]
    with pytest.raises(Refused, match="the old server refused c: later") as refused:
        peer.get("a.b.c")
    assert (refused.value.status, refused.value.name) == (429, "RateLimitExceeded")


def test_a_token_that_ran_out_is_renewed_once(moody: Moody, peer: Peer) -> None:
    """With the password; a second refusal is one."""
    session, expired = b'{"accessJwt": "second"}', b'{"error": "ExpiredToken", "message": "expired"}'
    moody.answers = [(200, b'{"accessJwt": "first"}', {})]
    peer.sign_in("alice.test", "secret")

    moody.answers = [(400, expired, {}), (200, session, {}), (200, b"{}", {})]
    peer.get("a.b.c")
    assert moody.asked[-3:] == ["Bearer first", "", "Bearer second"]
    moody.answers = [(400, expired, {}), (200, session, {}), (400, expired, {})]
    with pytest.raises(Refused, match="expired"):
        peer.get("a.b.c")


def test_sessions_end_with_the_peer(moody: Moody, peer: Peer) -> None:
    """All that were opened, each with its own refresh token; a server that refuses, or is gone, keeps nobody."""
    for number in (b"1", b"2"):
        moody.answers = [(200, b'{"accessJwt": "a", "refreshJwt": "r%s"}' % number, {})]
        peer.sign_in("alice.test", "secret")
    moody.answers = [(400, b"{}", {}), (200, b"", {})]

    peer.close()

    assert moody.asked[-2:] == ["Bearer r1", "Bearer r2"]


def test_an_account_that_was_taken_down_is_asked_about_once_more(moody: Moody, peer: Peer) -> None:
    """Its owner may sign in for moving away, and whoever uses the session is told what it is."""
    down: tuple[int, bytes, dict[str, str]] = (401, b'{"error": "AccountTakedown", "message": "down"}', {})
    moody.answers = [down, (200, b'{"accessJwt": "little"}', {})]

    peer.sign_in("alice.test", "secret")

    assert peer.taken_down is True
    moody.answers = [(401, b'{"error": "AuthenticationRequired", "message": "no"}', {})]
    with pytest.raises(Refused, match="no"):
        peer.sign_in("alice.test", "wrong")


@pytest.mark.parametrize("body", [b"not JSON", b"[]", b"\xff"])
def test_an_answer_that_makes_no_sense(moody: Moody, peer: Peer, body: bytes) -> None:
    """It is the server's doing, and told so."""
    moody.answers = [(200, body, {}), (404, body, {})]

    with pytest.raises(Unreachable, match="not a JSON object"):
        peer.get("a.b.c")
    with pytest.raises(Refused, match="Not Found"):
        peer.get("a.b.c")


def test_a_server_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After a few tries that is told, with its address."""
    monkeypatch.setattr("time.sleep", lambda _seconds: None)
    with closing(Peer("the new server", "http://127.0.0.1:1")) as gone:
        with pytest.raises(Unreachable, match=r"the new server \(http://127.0.0.1:1\) cannot be asked"):
            gone.get("a.b.c")
        with pytest.raises(Unreachable, match="broke off"):
            gone.fetch_file("a.b.c", tmp_path / "file", lambda _size: None)


def test_files_go_and_come(roost: Roost, tmp_path: Path) -> None:
    """A repository into a file; what is refused is told in the server's words."""
    person = roost.person()
    with closing(Peer("this server", roost.url)) as here:
        assert here.sign_in(person.handle, PASSWORD)["did"] == person.did
        assert here.did_of(person.handle) == person.did
        sizes: list[int] = []
        here.fetch_file("com.atproto.sync.getRepo", tmp_path / "repo.car", sizes.append, did=person.did)
        assert sum(sizes) == (tmp_path / "repo.car").stat().st_size > 0
        here.send_file("com.atproto.repo.importRepo", tmp_path / "repo.car", "application/vnd.ipld.car", sizes.append)
        assert here.size_of("com.atproto.sync.getBlob", did=person.did, cid="bafy") is None
        with pytest.raises(Refused, match="this server refused getRepo: Could not find repo"):
            here.fetch_file("com.atproto.sync.getRepo", tmp_path / "no.car", sizes.append, did="did:plc:" + "a" * 24)
