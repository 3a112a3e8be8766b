"""Many writers at once on several accounts, who each know exactly what was acknowledged, and what was on its way.

A writer does one thing at a time on paths of its own. So after the server has died each writer has at most one write of
which nobody can tell whether it happened: it must have happened whole or not at all, and everything before it must be
there. Deliberately does not know the server's code.
"""

import http.client
import json
import random
import threading
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

# Any: JSON that was made to be sent.
Json = dict[str, Any]
Changes = dict[str, Json | None]
"""The value that each path has afterwards, None where there is nothing."""

NOTE = "com.example.note"
PASSWORD = "correct horse battery"


class Refused(Exception):
    """The server answered, and not with success: the write did not happen."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(f"{status} {body.decode(errors='replace')}")
        self.status = status


class Gone(Exception):
    """The server did not answer: nobody knows whether the write happened."""


class Line:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def ask(self, verb: str, path: str, token: str = "", body: object = None) -> Json:
        """Send a request and return its answer. Raises Refused, Gone."""
        headers = {"authorization": f"Bearer {token}"} if token else {}
        raw = None
        if body is not None:
            raw, headers["content-type"] = json.dumps(body).encode(), "application/json"
        try:
            self._connection.request(verb, path, raw, headers)
            answer = self._connection.getresponse()
            content = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise Gone from error
        if answer.status != 200:
            raise Refused(answer.status, content)
        found: Json = json.loads(content) if content else {}
        return found


@dataclass
class Account:
    """An account, as the one who made it knows it."""

    did: str
    handle: str
    token: str


def register(line: Line, name: str) -> Account:
    """Make an account. Raises Refused, Gone."""
    body = {"email": f"{name}@mail.test", "username": f"{name}.test", "password": PASSWORD}
    made = line.ask("POST", "/xrpc/com.atproto.createAccount", body=body)
    return Account(made["did"], made["username"], made["jwt"])


@dataclass
class Writer:
    """One of an account's writers: what it knows to be there, and what is on its way."""

    account: Account
    name: str
    seed: int
    known: dict[str, Json] = field(default_factory=dict)
    pending: Changes = field(default_factory=dict)
    created: Json | None = None  # a record on its way to a key that the server chooses
    acknowledged: int = 0
    refused: int = 0
    unclear: int = 0
    error: BaseException | None = None

    def __post_init__(self) -> None:
        """Begin a life of its own."""
        self._rng = random.Random(self.seed)
        self._count = 0

    def write(self, line: Line) -> None:
        """Do one write of some kind and note its outcome. Raises Refused, Gone."""
        some = self._rng.sample(sorted(self.known), min(5, len(self.known)))
        kinds = ["put", "create", "old put", "old create"]
        if len(some) == 5:
            kinds += ["update", "delete", "old delete", "batch", "old batch"]
        self._do(self._rng.choice(kinds), some, line)

    def _do(self, kind: str, some: list[str], line: Line) -> None:
        fresh = f"{NOTE}/{self.name}-{self._count:06d}"
        self.created = None
        match kind:
            case "put" | "old put":
                self.pending = {fresh: self._note()}
            case "create" | "old create":
                self.pending, self.created = {}, self._note()
            case "update":
                self.pending = {some[0]: self._note()}
            case "delete" | "old delete":
                self.pending = {some[0]: None}
            case _:
                # An update where something is, deletions, and for today's batch creations too.
                self.pending = {some[0]: self._note(), some[1]: self._note(), some[2]: None, some[3]: None}
                if kind == "batch":
                    self.pending |= {f"{fresh}a": self._note(), f"{fresh}b": self._note()}
        try:
            told = self._send(kind, line)
        except Refused:
            self.refused += 1
            self.pending, self.created = {}, None
            raise
        self.acknowledged += 1
        if self.created is not None:
            self.pending = {told["uri"].removeprefix(f"at://{self.account.did}/"): self.created}
        self._settle()

    def _settle(self) -> None:
        for path, value in self.pending.items():
            if value is None:
                del self.known[path]
            else:
                self.known[path] = value
        self.pending, self.created = {}, None

    def _note(self) -> Json:
        self._count += 1
        return {"$type": NOTE, "by": self.name, "number": self._count, "text": "x" * self._rng.randint(0, 2000)}

    def _send(self, kind: str, line: Line) -> Json:
        did, token = self.account.did, self.account.token
        old = f"?did={did}&type={NOTE}&validate=false"
        if self.created is not None and kind == "create":
            body: Json = {"repo": did, "collection": NOTE, "record": self.created}
            return line.ask("POST", "/xrpc/com.atproto.repo.createRecord", token, body)
        if self.created is not None:
            return line.ask("POST", f"/xrpc/com.atproto.repoCreateRecord{old}", token, self.created)
        (path, value), *rest = self.pending.items()
        rkey = path.partition("/")[2]
        match kind:
            case "put" | "update":
                body = {"repo": did, "collection": NOTE, "rkey": rkey, "record": value}
                return line.ask("POST", "/xrpc/com.atproto.repo.putRecord", token, body)
            case "old put":
                return line.ask("POST", f"/xrpc/com.atproto.repoPutRecord{old}&tid={rkey}", token, value)
            case "delete":
                body = {"repo": did, "collection": NOTE, "rkey": rkey}
                return line.ask("POST", "/xrpc/com.atproto.repo.deleteRecord", token, body)
            case "old delete":
                path = f"/xrpc/com.atproto.repoDeleteRecord?did={did}&type={NOTE}&tid={rkey}"
                return line.ask("POST", path, token)
            case "batch":
                body = {"repo": did, "writes": [self._new(*each) for each in self.pending.items()]}
                return line.ask("POST", "/xrpc/com.atproto.repo.applyWrites", token, body)
            case _:
                assert rest, "a batch is many"
                writes = [self._old(*each) for each in self.pending.items()]
                path = f"/xrpc/com.atproto.repoBatchWrite?did={did}&validate=false"
                return line.ask("POST", path, token, {"writes": writes})

    def _new(self, path: str, value: Json | None) -> Json:
        kind = "delete" if value is None else "update" if path in self.known else "create"
        write = {"$type": f"com.atproto.repo.applyWrites#{kind}", "collection": NOTE, "rkey": path.partition("/")[2]}
        return write if value is None else write | {"value": value}

    def _old(self, path: str, value: Json | None) -> Json:
        kind = "delete" if value is None else "update"
        write = {"action": kind, "collection": NOTE, "tid": path.partition("/")[2]}
        return write if value is None else write | {"value": value}

    def resolve(self, there: dict[str, Json]) -> None:
        """Find out from what is there whether the write on its way has happened; half of it must not have."""
        if self.created is not None:
            found = [path for path, value in there.items() if value == self.created]
            assert len(found) <= 1, "a creation happened once at the most"
            self.pending = {found[0]: self.created} if found else {}
        if self.pending:
            self.unclear += 1
            happened = {there.get(path) == value for path, value in self.pending.items()}
            assert len(happened) == 1, f"half of a write has happened: {self.pending}"
            if happened == {False}:
                self.pending = {}
        self._settle()


class Storm:
    """All writers, each in a thread, until they are told to stop or the server is gone.

    The `patient` go on when a write is refused; for the others that is an error.
    """

    def __init__(self, writers: list[Writer], *, patient: bool = False) -> None:
        self.writers = writers
        self._patient = patient
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []

    def begin(self, port: int) -> None:
        """Start writing."""
        self._stop.clear()
        self._threads = [threading.Thread(target=self._run, args=(writer, port)) for writer in self.writers]
        for thread in self._threads:
            thread.start()

    @property
    def running(self) -> bool:
        """Whether every writer is still at work."""
        return all(thread.is_alive() for thread in self._threads)

    def end(self) -> None:
        """Wait until every writer has stopped; raises what went wrong with one."""
        self._stop.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a writer waits for an answer that does not come"
        for writer in self.writers:
            if writer.error is not None:
                raise writer.error

    def _write(self, writer: Writer, line: Line) -> None:
        try:
            writer.write(line)
        except Refused:
            if not self._patient:
                raise

    def _run(self, writer: Writer, port: int) -> None:
        try:
            with closing(Line(port)) as line:
                while not self._stop.is_set():
                    self._write(writer, line)
        except Gone:
            pass
        except BaseException as error:  # noqa: BLE001 - it is the test's to see
            writer.error = error
