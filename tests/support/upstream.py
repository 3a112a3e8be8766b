"""Another service, on a real socket: it answers as the name of the method says, and writes down what it is asked.

Its manners are what the tests are about: it can be slow, huge, broken, or somebody who wants to do harm.
"""

import asyncio
import contextlib
import gzip
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import orjson
from starlette.types import Message, Receive, Send
from starlette.types import Scope as Asgi

from roost.devnet.serving import serve

MIB = 1024 * 1024
JSON = (b"content-type", b"application/json")


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it arrived."""

    verb: str
    path: str
    query: bytes
    headers: dict[str, str]
    body: bytes


@dataclass(slots=True)
class Service:
    """The service while it runs."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    events: list[str] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)
    proof: tuple[int, bytes] = (404, b"")
    record: tuple[int, bytes] = (400, b'{"error":"RecordNotFound","message":"Could not locate record"}')

    @property
    def last(self) -> Asked:
        """The last request."""
        return self.asked[-1]

    def wait_for(self, event: str, times: int = 1) -> None:
        """Wait until something has happened; it happens on the service's thread."""
        deadline = time.monotonic() + 10
        while self.events.count(event) < times:
            assert time.monotonic() < deadline, f"{event} never happened: {self.events}"
            time.sleep(0.005)

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        name = "record" if scope["path"].endswith("repo.getRecord") else scope["path"].rpartition(".")[2]
        if name == "early":  # an answer before the request is read
            await _whole(send, 413, (JSON,), b'{"error":"TooMuch","message":"enough"}')
            return
        body = await _body(receive, self.events)
        headers = {key.decode("latin-1"): value.decode("latin-1") for key, value in scope["headers"]}
        self.asked.append(Asked(scope["method"], scope["path"], scope["query_string"], headers, body))
        answer = self._tell_record if name == "record" else getattr(self, f"_{name}", None)
        if answer is None:
            await _whole(send, 200, (JSON,), b'{"hello":"there"}')
        else:
            await answer(receive, send)

    async def _getRecord(self, _receive: Receive, send: Send) -> None:
        """A proof of a record, as somebody's host gives it."""
        status, body = self.proof
        await _whole(send, status, ((b"content-type", b"application/vnd.ipld.car"),), body)

    async def _tell_record(self, _receive: Receive, send: Send) -> None:
        """A record, as an app view gives anybody's."""
        status, body = self.record
        await _whole(send, status, (JSON,), body)

    async def _headers(self, _receive: Receive, send: Send) -> None:
        mixed = [
            (b"set-cookie", b"a=b"),
            (b"server", b"upstream"),
            (b"access-control-allow-origin", b"https://evil.test"),
            (b"access-control-allow-credentials", b"true"),
            (b"location", b"https://evil.test"),
            (b"ratelimit-limit", b"1"),
            (b"x-anything", b"else"),
            (b"atproto-repo-rev", b"3jzfcijpj2z2a"),
            (b"atproto-content-labelers", b"did:web:l.test"),
            (b"content-language", b"en"),
            (b"retry-after", b"7"),
        ]
        await _whole(send, 200, (JSON, *mixed), b"{}")

    async def _zipped(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 200, (JSON, (b"content-encoding", b"gzip")), gzip.compress(b'{"zipped":true}'))

    async def _bomb(self, _receive: Receive, send: Send) -> None:
        bomb = gzip.compress(b'{"error":"' + b"x" * 50 * MIB)
        await _whole(send, 400, (JSON, (b"content-encoding", b"gzip")), bomb)

    async def _zippedError(self, _receive: Receive, send: Send) -> None:
        body = gzip.compress(b'{"error":"Zipped","message":"small"}')
        await _whole(send, 400, (JSON, (b"content-encoding", b"gzip")), body)

    async def _unknownCoding(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 400, (JSON, (b"content-encoding", b"br")), b"\x0b\x02")

    async def _named(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 400, (JSON, (b"set-cookie", b"a=b"), (b"retry-after", b"3")), _error("Named", "by them"))

    async def _typeless(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 403, (), _error("Named", "by them"))

    async def _unauthorized(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 401, (JSON,), _error("BadJwtAudience", "not me"))

    async def _broken(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 500, (JSON,), _error("InternalServerError", "oh"))

    async def _down(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 503, ((b"content-type", b"text/html"),), b"<script>alert(1)</script>")

    async def _html(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 404, ((b"content-type", b"text/html"),), b"<h1>404</h1>")

    async def _list(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 400, (JSON,), b'["not", "an", "error"]')

    async def _nested(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 400, (JSON,), b'{"error":{"a":1},"message":["b"]}')

    async def _oddName(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 400, (JSON,), orjson.dumps({"error": "a b\r\n<script>", "message": "kept"}))

    async def _notJson(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 400, (JSON,), b"\xff\x00{")

    async def _endlessError(self, _receive: Receive, send: Send) -> None:
        await _start(send, 400, (JSON,))
        with contextlib.suppress(OSError):
            while not self.release.is_set():
                await send({"type": "http.response.body", "body": b"x" * 1024, "more_body": True})
                await asyncio.sleep(0)

    async def _redirect(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 302, ((b"location", self.url.encode() + b"/xrpc/com.example.secret"),), b"")

    async def _teapot(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 418, (JSON,), _error("Teapot", "short and stout"))

    async def _html200(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 200, ((b"content-type", b"text/html"),), b"<script>alert(1)</script>")

    async def _empty(self, _receive: Receive, send: Send) -> None:
        await _whole(send, 200, (), b"")

    async def _large(self, _receive: Receive, send: Send) -> None:
        """Exactly what is allowed, in pieces of no declared length."""
        await _start(send, 200, (JSON,))
        for _ in range(10):
            await send({"type": "http.response.body", "body": b"x" * MIB, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _huge(self, _receive: Receive, send: Send) -> None:
        """A mebibyte more, in pieces of no declared length."""
        await _start(send, 200, (JSON,))
        for _ in range(11):
            await send({"type": "http.response.body", "body": b"x" * MIB, "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    async def _declared(self, _receive: Receive, send: Send) -> None:
        await _start(send, 200, (JSON, (b"content-length", b"%d" % (10 * MIB + 1))))
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await asyncio.sleep(0)

    async def _cut(self, _receive: Receive, send: Send) -> None:
        """Less than was promised."""
        await _start(send, 200, (JSON, (b"content-length", b"1000")))
        await send({"type": "http.response.body", "body": b'{"half":', "more_body": True})
        await asyncio.sleep(0.05)

    async def _silent(self, receive: Receive, _send: Send) -> None:
        """No answer; what is noted is that the caller has gone."""
        self.events.append("silent begins")
        while (await receive())["type"] != "http.disconnect":
            pass
        self.events.append("silent ends")

    async def _pausing(self, receive: Receive, send: Send) -> None:
        """A first piece, then nothing."""
        await _start(send, 200, (JSON,))
        await send({"type": "http.response.body", "body": b"[1,", "more_body": True})
        self.events.append("pausing begins")
        while (await receive())["type"] != "http.disconnect":
            pass
        self.events.append("pausing ends")


def _error(name: str, message: str) -> bytes:
    return orjson.dumps({"error": name, "message": message, "extra": "not passed on"})


async def _body(receive: Receive, events: list[str]) -> bytes:
    body = b""
    more = True
    while more:
        message: Message = await receive()
        if message["type"] == "http.disconnect":
            events.append("upload broken off")
            break
        if message.get("body"):
            events.append("piece")
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


async def _start(send: Send, status: int, headers: tuple[tuple[bytes, bytes], ...]) -> None:
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def _whole(send: Send, status: int, headers: tuple[tuple[bytes, bytes], ...], body: bytes) -> None:
    await _start(send, status, (*headers, (b"content-length", b"%d" % len(body))))
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def service() -> Iterator[Service]:
    """Run a service in a thread of its own until the block ends."""
    made = Service()
    ready = threading.Event()
    handles: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def live() -> None:
        stop = asyncio.Event()
        async with serve(made, grace=0.2) as served:
            made.url = served.url
            handles.append((asyncio.get_running_loop(), stop))
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: asyncio.run(live()), name="upstream")
    thread.start()
    assert ready.wait(10), "the service did not start"
    try:
        yield made
    finally:
        made.release.set()
        loop, stop = handles[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        assert not thread.is_alive(), "the service did not stop"
