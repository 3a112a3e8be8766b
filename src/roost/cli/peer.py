"""One of the two servers of a move, as the account's owner uses it: signed in, patient with a slow network, and told
off in words that say which server refused what.

It signs in anew when its token runs out, and asks again where the network failed or the server asked for a pause.
Deliberately does not know what a move is.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import Final

import httpx

from roost.services.errors import ServiceError
from roost.syntax import Did, InvalidSyntax

SECONDS: Final = 120
"""How long a server may be silent: one that takes in a large repository judges all of it before it answers."""

TRIES: Final = 4
"""How often a request is made that the network or a busy server has failed."""

LONGEST_PAUSE: Final = 60
"""Seconds that a server may ask to be left alone for; if it asks for more, that is told instead."""

ENDING_SECONDS: Final = 10
"""How long a server may take to end a session: it is only a courtesy, and nobody should have to wait for that."""

PIECE: Final = 1 << 18

SIGN_IN: Final = "com.atproto.server.createSession"

Json = dict[str, object]


class Refused(ServiceError):
    """A server refused; `name` is the protocol's name for why, `status` that of HTTP."""

    def __init__(self, server: str, method: str, status: int, name: str, said: str) -> None:
        super().__init__(f"{server} refused {method.rpartition('.')[2]}: {said or name or status}")
        self.status = status
        self.name = name
        self.said = said

    @property
    def passing(self) -> bool:
        """Whether the same request may be taken later: the server is at a limit or unwell, or a session is over."""
        return self.status in (401, 429) or self.status >= 500


class Unreachable(ServiceError):
    """A server did not answer, or not with what it should."""


class Peer:
    """A server at a URL. Every method raises Refused and Unreachable."""

    def __init__(self, name: str, url: str) -> None:
        """`name` is what it is called in sentences: the old server, the new server."""
        self.name = name
        self.url = url.rstrip("/")
        self._http = httpx.Client(base_url=self.url, timeout=SECONDS, trust_env=False)
        self._lock = Lock()
        self._credentials: tuple[str, str] | None = None
        self._token: str | None = None
        self._opened: list[str] = []
        self.session: Json = {}
        self.taken_down = False

    def close(self) -> None:
        """End the sessions that were opened here, as far as the server lets, and close the connections."""
        while self._opened:
            token = self._opened.pop(0)
            with suppress(httpx.HTTPError):
                self._http.post(
                    _path("com.atproto.server.deleteSession"), headers=_bearer(token), timeout=ENDING_SECONDS
                )
        self._http.close()

    def sign_in(self, identifier: str, password: str) -> Json:
        """Open a session, and keep the password for the next one; the owner of an account that was taken down gets
        one that is good for little more than moving away, and `taken_down` says so then.
        """
        body: Json = {"identifier": identifier, "password": password}
        self._token = None
        try:
            session, self.taken_down = self.post(SIGN_IN, body, token=None), False
        except Refused as error:
            if error.name != "AccountTakedown":
                raise
            session, self.taken_down = self.post(SIGN_IN, body | {"allowTakendown": True}, token=None), True
        self.resume(session, identifier, password)
        return session

    def resume(self, session: Json, identifier: str, password: str) -> None:
        """Use a session that another method has given out."""
        self.session, self._token = session, str(session.get("accessJwt"))
        self._credentials = identifier, password
        if isinstance(refresh := session.get("refreshJwt"), str):
            self._opened.append(refresh)

    def get(self, method: str, **params: object) -> Json:
        """Ask a query; parameters that are None are left out."""
        return self._object(method, self._ask("GET", method, params=_given(params)))

    def post(self, method: str, body: Json | None = None, *, token: str | None = "") -> Json:
        """Call a procedure; with a `token`, or None for nobody's, in the place of the session's."""
        return self._object(method, self._ask("POST", method, json=body, token=token))

    def upload(self, method: str, content: bytes, content_type: str) -> Json:
        """Call a procedure that takes bytes."""
        return self._object(method, self._ask("POST", method, content=content, content_type=content_type))

    def send_file(self, method: str, path: Path, content_type: str, on_piece: Callable[[int], None]) -> None:
        """Call a procedure that takes a file's bytes, read as they go."""

        def pieces() -> Iterator[bytes]:
            with path.open("rb") as file:
                while piece := file.read(PIECE):
                    on_piece(len(piece))
                    yield piece

        self._ask("POST", method, make_content=pieces, content_type=content_type)

    def fetch(self, method: str, **params: object) -> httpx.Response:
        """Ask a query whose answer is bytes, all of which are read."""
        return self._ask("GET", method, params=_given(params))

    def size_of(self, method: str, **params: object) -> int | None:
        """Return how many bytes a query would answer, None where it would refuse."""
        try:
            return int(self._ask("HEAD", method, params=_given(params)).headers.get("content-length", "0"))
        except Refused as error:
            if error.status in (400, 404):
                return None
            raise

    def fetch_file(self, method: str, path: Path, on_piece: Callable[[int], None], **params: object) -> None:
        """Write a query's answer to a file, as it comes."""
        with (
            self._answering(method),
            self._http.stream("GET", _path(method), params=_given(params), headers=self._headers("")) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                answer.read()
                raise self._refusal(method, answer)
            with path.open("wb") as file:
                for piece in answer.iter_bytes(PIECE):
                    file.write(piece)
                    on_piece(len(piece))

    def has_account(self, did: str) -> bool:
        """Return whether the server has an account with that DID, in whatever state."""
        try:
            self.get("com.atproto.sync.getRepoStatus", did=did)
        except Refused as error:
            if error.name == "RepoNotFound":
                return False
            raise
        return True

    def did_of(self, handle: str) -> Did:
        """Return the DID behind a handle."""
        try:
            return Did.parse(self.get("com.atproto.identity.resolveHandle", handle=handle).get("did"))
        except InvalidSyntax as error:
            raise Unreachable(f"{self.name} named what is not a DID for {handle}") from error

    def _ask(
        self,
        verb: str,
        method: str,
        *,
        params: dict[str, str] | None = None,
        json: Json | None = None,
        content: bytes | None = None,
        make_content: Callable[[], Iterator[bytes]] | None = None,
        content_type: str | None = None,
        token: str | None = "",
    ) -> httpx.Response:
        renewed = False
        for attempt in range(TRIES):
            used = self._token
            headers = self._headers(token) | ({"content-type": content_type} if content_type else {})
            body = make_content() if make_content else content
            try:
                answer = self._http.request(
                    verb, _path(method), params=params, json=json, content=body, headers=headers
                )
            except httpx.HTTPError as error:
                if attempt == TRIES - 1:
                    raise Unreachable(f"{self.name} ({self.url}) cannot be asked: {_words(error)}") from error
                time.sleep(2**attempt)
                continue
            if answer.status_code == httpx.codes.OK:
                return answer
            refusal = self._refusal(method, answer)
            if token == "" and not renewed and _is_expired(refusal) and self._credentials is not None:
                renewed = True
                self._renew(used)
            elif attempt == TRIES - 1 or not _pause(answer, attempt):
                raise refusal
        raise Unreachable(f"{self.name} did not take {method}")

    def _renew(self, used: str | None) -> None:
        """Sign in again, unless another thread has done so meanwhile."""
        with self._lock:
            if self._token == used and self._credentials is not None:
                self.sign_in(*self._credentials)

    def _headers(self, token: str | None) -> dict[str, str]:
        used = self._token if token == "" else token
        return {} if used is None else _bearer(used)

    def _object(self, method: str, answer: httpx.Response) -> Json:
        if not answer.content:
            return {}
        try:
            value = answer.json()
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise Unreachable(f"{self.name} answered {method} with what is not a JSON object")
        return value

    def _refusal(self, method: str, answer: httpx.Response) -> Refused:
        try:
            told = answer.json()
        except ValueError:
            told = {}
        told = told if isinstance(told, dict) else {}
        name, said = str(told.get("error") or ""), str(told.get("message") or answer.reason_phrase)
        return Refused(self.name, method, answer.status_code, name, said[:500])

    @contextmanager
    def _answering(self, method: str) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unreachable(f"{self.name} ({self.url}) broke off {method}: {_words(error)}") from error


def _path(method: str) -> str:
    return f"/xrpc/{method}"


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def _given(params: dict[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in params.items() if value is not None}


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__


def _is_expired(refusal: Refused) -> bool:
    return refusal.status == httpx.codes.UNAUTHORIZED or refusal.name in ("ExpiredToken", "InvalidToken")


def _pause(answer: httpx.Response, attempt: int) -> bool:
    """Wait where waiting helps; False where the same request would be refused again, or not for a long time."""
    if answer.status_code not in (429, 502, 503, 504):
        return False
    wanted = answer.headers.get("retry-after", "")
    seconds = int(wanted) if wanted.isascii() and wanted.isdigit() else 2**attempt
    if seconds > LONGEST_PAUSE:
        return False
    time.sleep(seconds)
    return True
