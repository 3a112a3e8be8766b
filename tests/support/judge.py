"""Holds every answer of a server under test against the lexicon document of its method.

At run time nobody judges answers; here all of them are, whatever the test was about. One that breaks its document is
replaced by a 500 that says what is wrong, and remembered, so that no test passes over it.
"""

import gzip

import orjson
from starlette.types import Message, Receive, Send
from starlette.types import Scope as Asgi

from roost.app import Application
from roost.lexicon import InvalidData, Method
from roost.lexicon.defs import Object, Subscription

PREFIX = "/xrpc/"
RELAYED = b"content-security-policy"
"""A header of what another server has answered, which is not ours to judge."""


class Judge:
    """An application around the server; `broken` is what was wrong with its answers."""

    def __init__(self, app: Application) -> None:
        self.broken: list[str] = []
        self._app = app

    async def __call__(self, scope: Asgi, receive: Receive, send: Send) -> None:
        """Let the server answer, and judge that."""
        method = self._method(scope)
        if method is None:
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = b""

        async def judged(message: Message) -> None:
            nonlocal start, body
            if message["type"] == "http.response.start" and _is_whole_json(message, method):
                start = message
                return
            if start is None:
                await send(message)
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                headers = dict(start["headers"])
                plain = gzip.decompress(body) if headers.get(b"content-encoding") == b"gzip" else body
                problem = problem_of(method, headers.get(b"content-type", b"").decode(), plain)
                if problem is not None:
                    self.broken.append(f"{method.nsid}: {problem}")
                    start, body = _told(problem)
                await send(start)
                await send({"type": "http.response.body", "body": body})

        await self._app(scope, receive, judged)

    def _method(self, scope: Asgi) -> Method | None:
        server = self._app.server
        if scope["type"] != "http" or scope["method"] == "HEAD" or server is None:
            return None
        if not scope["path"].startswith(PREFIX):
            return None
        return server.catalog.method(scope["path"].removeprefix(PREFIX).removesuffix("/"))


def _is_whole_json(start: Message, method: Method) -> bool:
    """Return whether an answer is to be gathered and judged: a success of our own, not a stream of something else."""
    headers = dict(start["headers"])
    if start["status"] != 200 or RELAYED in headers:
        return False
    type = headers.get(b"content-type", b"")
    return type in (b"", b"application/json") or method.output is None


def problem_of(method: Method, type: str, body: bytes) -> str | None:
    """Return what is wrong with a success of a method, None for nothing."""
    if method.output is None or isinstance(method.definition, Subscription) or method.definition.output is None:
        return f"answers {body[:100]!r} where nothing is declared" if body or type else None
    if method.output.encoding not in (type, "*/*"):
        return f"answers {type!r}, not {method.output.encoding}"
    if method.output.check is None:
        return None
    value = orjson.loads(body)
    try:
        method.output.check(value)
    except InvalidData as error:
        return str(error)
    schema = method.definition.output.schema
    if isinstance(schema, Object) and schema.properties:
        strange = value.keys() - schema.properties.keys()
        return f"answers what is not declared: {', '.join(sorted(strange))}" if strange else None
    return None


def _told(problem: str) -> tuple[Message, bytes]:
    body = orjson.dumps({"error": "AgainstItsLexicon", "message": problem})
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
    return {"type": "http.response.start", "status": 500, "headers": headers}, body
