"""A relay that a test has: it writes down who asked it to crawl, and says of servers what the test tells it to."""

import contextlib
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

# Any: JSON.
Json = dict[str, Any]


@dataclass
class Relay:
    """Its answers to come, and what it was asked."""

    url: str = ""
    crawl: tuple[int, Json] = (200, {})
    status: tuple[int, Json] = (400, {"error": "HostNotFound", "message": "never heard of it"})
    asked: list[Json] = field(default_factory=list)
    looked_up: list[str] = field(default_factory=list)


@contextlib.contextmanager
def relay() -> Iterator[Relay]:
    """Run one for as long as the block lasts."""
    made = Relay()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            assert self.path == "/xrpc/com.atproto.sync.requestCrawl"
            made.asked.append(json.loads(body))
            self._answer(*made.crawl)

        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            assert parts.path == "/xrpc/com.atproto.sync.getHostStatus"
            made.looked_up += parse_qs(parts.query)["hostname"]
            self._answer(*made.status)

        def _answer(self, status: int, value: Json) -> None:
            body = json.dumps(value).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield made
        finally:
            server.shutdown()
            thread.join()
