"""A PLC directory that stands before another one and answers some paths with what a test wants."""

import asyncio
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field

import httpx
from starlette.types import Receive, Send
from starlette.types import Scope as Asgi

from roost.devnet.serving import serve


@dataclass(slots=True)
class Front:
    """The directory while it runs: whom it asks, and what it says instead, by the end of the path."""

    url: str = ""
    behind: str = ""
    instead: dict[str, bytes] = field(default_factory=dict)

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        for end, body in self.instead.items():
            if scope["path"].endswith(end):
                await _tell(send, 200, body)
                return
        sent, more = b"", True
        while more:
            message = await receive()
            sent, more = sent + message.get("body", b""), message.get("more_body", False)
        async with httpx.AsyncClient(base_url=self.behind) as client:
            type = {"content-type": "application/json"}
            answer = await client.request(scope["method"], scope["path"], content=sent, headers=type)
        await _tell(send, answer.status_code, answer.content)


async def _tell(send: Send, status: int, body: bytes) -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@contextlib.contextmanager
def front() -> Iterator[Front]:
    """Run one in a thread of its own until the block ends."""
    made, ready, stop = Front(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def live() -> None:
        async with serve(made, grace=0.2) as served:
            made.url = served.url
            ready.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(live()), name="directory")
    thread.start()
    assert ready.wait(10), "the directory did not start"
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()
