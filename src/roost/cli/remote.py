"""A running server, asked over HTTP: what the command line can do without opening the database.

The URL is the operator's own, so nothing guards it as `roost.net` guards requests that strangers cause. Deliberately
does not know what is done with the answers.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self

import httpx
import msgspec

from roost.services.crawlers import Status
from roost.services.errors import UpstreamFailure
from roost.services.reports import Listing, Report
from roost.syntax import AtIdentifier, Did, InvalidSyntax

SECONDS: Final = 30
"""How long the server may be silent: the first byte of a large repository comes within a second."""


class Remote:
    """One server. Every method raises UpstreamFailure with what the server said, or that it did not answer."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        with self._answering():
            self._http = httpx.Client(base_url=self._url, timeout=SECONDS, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._http.close()

    def did_of(self, who: AtIdentifier) -> Did:
        """Return the DID behind a handle; a DID is its own."""
        if isinstance(who, Did):
            return who
        with self._answering():
            answer = self._http.get("/xrpc/com.atproto.identity.resolveHandle", params={"handle": who})
        try:
            return Did.parse(_object(answer).get("did"))
        except InvalidSyntax as error:
            raise UpstreamFailure(f"{self._url} named what is not a DID for {who}") from error

    def repo(self, did: Did) -> Iterator[bytes]:
        """Yield a repository as pieces of a CAR."""
        with (
            self._answering(),
            self._http.stream("GET", "/xrpc/com.atproto.sync.getRepo", params={"did": did}) as answer,
        ):
            if answer.status_code != httpx.codes.OK:
                answer.read()
                _object(answer)
            yield from answer.iter_bytes()

    def invite(self, *, uses: int, password: str) -> str:
        """Return a new invite code; `password` is the administrator's."""
        with self._answering():
            answer = self._http.post(
                "/xrpc/com.atproto.server.createInviteCode", json={"useCount": uses}, auth=("admin", password)
            )
        return str(_object(answer).get("code"))

    def relays(self, *, password: str, crawl: bool) -> Status:
        """Return how the network hears of the server, with `crawl` after it has asked every relay."""
        verb, path = ("POST", "/_roost/relays/crawl") if crawl else ("GET", "/_roost/relays")
        with self._answering():
            answer = self._http.request(verb, path, auth=("admin", password))
        try:
            return msgspec.convert(_object(answer), Status)
        except msgspec.ValidationError as error:
            raise UpstreamFailure(f"{answer.url} answered what is not known here: {error}") from error

    def order(self, nsid: str, body: Mapping[str, object], *, password: str) -> dict[str, object]:
        """Call a procedure of the administrator's, and return what it answers, nothing for an empty answer."""
        with self._answering():
            answer = self._http.post(f"/xrpc/{nsid}", json=body, auth=("admin", password))
        return {} if answer.status_code == httpx.codes.OK and not answer.content else _object(answer)

    def ask(self, path: str, params: Mapping[str, str | int], *, password: str) -> dict[str, object]:
        """Ask for something as the administrator."""
        with self._answering():
            answer = self._http.get(path, params=dict(params), auth=("admin", password))
        return _object(answer)

    def reports(self, *, password: str) -> Sequence[Report]:
        """Return the reports that the server keeps, the newest first."""
        with self._answering():
            answer = self._http.get("/_roost/reports", auth=("admin", password))
        try:
            return msgspec.convert(_object(answer), Listing, dec_hook=_did).reports
        except (msgspec.ValidationError, InvalidSyntax) as error:
            raise UpstreamFailure(f"{answer.url} answered what is not known here: {error}") from error

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UpstreamFailure(f"{self._url} cannot be asked: {error or type(error).__name__}") from error


def _did(_type: type, raw: object) -> Did:
    """Make what it is of the one kind of text that a Struct here has beside plain ones."""
    return Did.parse(raw)


def _object(answer: httpx.Response) -> dict[str, object]:
    """Return the JSON object that was answered. Raises UpstreamFailure with what a refusal says."""
    try:
        value = answer.json()
    except ValueError:
        value = None
    if answer.status_code != httpx.codes.OK:
        said = f"{value.get('error')}: {value.get('message')}" if isinstance(value, dict) else answer.reason_phrase
        raise UpstreamFailure(f"{answer.url} answered {answer.status_code} {said}")
    if not isinstance(value, dict):
        raise UpstreamFailure(f"{answer.url} answered what is not a JSON object")
    return value
