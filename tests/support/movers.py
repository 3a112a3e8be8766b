"""People who move from server to server with `roost migrate`, and what may happen to them on the way."""

import io
import itertools
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from secrets import token_hex

import httpx
import orjson
import pytest

from roost.cli.move import CREATE, Move
from roost.cli.move_state import MoveFolder, MoveState
from roost.cli.peer import Json, Peer
from roost.crypto import service_jwt
from roost.crypto.keys import PrivateKey
from roost.syntax import Did
from support.calls import THING, bearer, create
from support.server import PASSWORD, Person, Roost
from support.town import document

NEW = "the new password"

_numbers = itertools.count(1)

PICTURE = b"a picture"

PREFERENCES: list[Json] = [{"$type": "app.bsky.actor.defs#adultContentPref", "enabled": True}]


class Asked(io.TextIOBase):
    """Standard input that finds the answer to a question when it is asked."""

    def __init__(self, answer: Callable[[], str]) -> None:
        self._answer = answer

    def readline(self, _size: int = -1, /) -> str:  # type: ignore[override]  # as input() calls it
        """Answer."""
        return self._answer() + "\n"


class Killed(BaseException):
    """The program ends here, whatever it was about to do."""


class Silent:
    """Watches a move without a word, and keeps what it was told."""

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


def answering(monkeypatch: pytest.MonkeyPatch, answer: Callable[[], str]) -> None:
    """Have the questions of a command answered."""
    monkeypatch.setattr("sys.stdin", Asked(answer))


def killing(monkeypatch: pytest.MonkeyPatch, method: str, *, answered: bool) -> Callable[[], None]:
    """Have the program killed at the first call of a procedure: before it is made, or when it was answered, which
    nobody hears then. Return what lets it live again.
    """

    def kill() -> None:
        raise Killed(method)

    return meddling(monkeypatch, method, kill, answered=answered)


def meddling(
    monkeypatch: pytest.MonkeyPatch, method: str, act: Callable[[], None], *, answered: bool = False
) -> Callable[[], None]:
    """Have something happen at the first call of a method, before it or after; return what ends that."""
    real = Peer._ask
    left = [act]

    def ask(self: Peer, verb: str, nsid: str, **kwargs: object) -> httpx.Response:
        due = bool(left) and nsid.rpartition(".")[2] == method
        if due and not answered:
            left.pop()()
        found = real(self, verb, nsid, **kwargs)  # type: ignore[arg-type]  # passed on
        if due and answered:
            left.pop()()
        return found

    monkeypatch.setattr(Peer, "_ask", ask)
    return lambda: monkeypatch.setattr(Peer, "_ask", real)


def code_in(server: Roost, to: str) -> str:
    """Return the code in the last mail to an address."""
    text = server.mailbox.to(to)[-1].text
    found = re.search(r"[A-Z2-7]{5}-[A-Z2-7]{5}", text)
    assert found is not None, text
    return found[0]


def resident(roost: Roost, **extra: object) -> Person:
    """Return somebody with a session of today's kind; `extra` is for making the account."""
    name = f"mover{next(_numbers)}"
    body = {"email": f"{name}@mail.test", "handle": f"{name}.test", "password": PASSWORD} | extra
    made = roost.post(CREATE, json=body)
    assert made.status_code == 200, made.text
    told = made.json()
    return Person(told["did"], told["handle"], str(body["email"]), told["accessJwt"], roost.client)


def owner(roost: Roost, **extra: object) -> Person:
    """Return somebody with a few records, a picture and preferences; `extra` is for making the account."""
    person = resident(roost, **extra)
    for number in range(3):
        assert create(person, {"number": number}).status_code == 200
    assert create(person, {"picture": upload(person, PICTURE)}).status_code == 200
    assert person.post("app.bsky.actor.putPreferences", json={"preferences": PREFERENCES}).status_code == 200
    return person


def modern(server: Roost, person: Person, password: str) -> Person:
    """Return somebody with a session of today's kind, on a server where they have an account."""
    body = {"identifier": person.did, "password": password}
    session = server.post("com.atproto.server.createSession", json=body).json()
    return Person(person.did, session["handle"], person.email, session["accessJwt"], server.client)


def upload(person: Person, content: bytes) -> object:
    """Upload a blob, and return what a record has to say of it."""
    headers = person.auth | {"content-type": "text/plain"}
    return person.client.post("/xrpc/com.atproto.repo.uploadBlob", content=content, headers=headers).json()["blob"]


def words(roost: Roost, there: Roost, person: Person, *more: str) -> list[str]:
    """Return the command that moves somebody there."""
    return [
        "migrate", "out", person.handle, "--from", roost.url, "--to", there.url, "--plc", roost.plc_url, "--yes", *more
    ]  # fmt: skip


def records(server: Roost, did: str) -> list[Json]:
    """Return what an active account's records say beside their type, the oldest first."""
    answer = server.get("com.atproto.repo.listRecords", repo=did, collection=THING, limit=100, reverse=True)
    assert answer.status_code == 200, answer.text
    return [
        {name: value for name, value in each["value"].items() if name != "$type"} for each in answer.json()["records"]
    ]


def leads_to(roost: Roost, person: Person) -> str:
    """Return the server that the PLC directory names."""
    document = roost.client.get(f"{roost.plc_url}/{person.did}").json()
    return str(document["service"][0]["serviceEndpoint"])


class WebHost(ThreadingHTTPServer):
    """The host of a did:web: it serves the document that its owner has written."""

    def __init__(self) -> None:
        self.document: Json = {}
        super().__init__(("127.0.0.1", 0), _DocumentHandler)
        self.did = f"did:web:localhost%3A{self.server_port}"
        self.origin = f"http://localhost:{self.server_port}"

    def write(self, *, key: str, endpoint: str, handle: str) -> None:
        """Write the document, with a key as a did:key."""
        self.document = dict(document(Did.parse(self.did), handle, key, endpoint))


class _DocumentHandler(BaseHTTPRequestHandler):
    server: WebHost

    def do_GET(self) -> None:
        """Give the document."""
        body = orjson.dumps(self.server.document)
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_args: object) -> None:
        """Say nothing."""


@contextmanager
def web_host() -> Iterator[WebHost]:
    """Serve a did:web's document until the block ends."""
    with WebHost() as host:
        thread = threading.Thread(target=host.serve_forever)
        thread.start()
        try:
            yield host
        finally:
            host.shutdown()
            thread.join()


def web_owner(roost: Roost, host: WebHost) -> Person:
    """Return somebody with a did:web, who has an account on a server that trusts its host, and one record."""
    key, handle = PrivateKey.generate(), "webster.test"
    host.write(key=key.public.did_key, endpoint="http://nowhere.test:1", handle=handle)
    service = str(roost.get("com.atproto.server.describeServer").json()["did"])
    now = int(time.time())
    claims: dict[str, object] = {
        "iss": host.did, "aud": service, "exp": now + 60, "iat": now, "lxm": CREATE, "jti": token_hex(16)
    }  # fmt: skip
    body = {"handle": handle, "email": "web@mail.test", "password": PASSWORD, "did": host.did}
    made = roost.post(CREATE, json=body, headers=bearer(service_jwt.encode(claims, key)))
    assert made.status_code == 200, made.text
    person = Person(host.did, handle, "web@mail.test", made.json()["accessJwt"], roost.client)
    wanted = person.get("com.atproto.identity.getRecommendedDidCredentials").json()
    host.write(
        key=wanted["verificationMethods"]["atproto"],
        endpoint=wanted["services"]["atproto_pds"]["endpoint"],
        handle=handle,
    )
    assert person.post("com.atproto.server.activateAccount").status_code == 200
    assert create(person, {"number": 0}).status_code == 200
    return person


@contextmanager
def begun_move(roost: Roost, there: Roost, folder: Path) -> Iterator[tuple[Move, Person, Silent]]:
    """A move of somebody who has nothing yet, signed in on the old server."""
    person = modern(roost, roost.person(), PASSWORD)
    state = MoveState(person.did, roost.url, there.url, person.handle, person.email)
    ui = Silent()
    with closing(Peer("the old server", roost.url)) as old, closing(Peer("the new server", there.url)) as new:
        old.sign_in(person.handle, PASSWORD)
        yield Move(old, new, MoveFolder(folder, person.did), state, ui, list), person, ui
