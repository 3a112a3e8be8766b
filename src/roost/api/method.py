"""What a method file declares, and the shapes its answer may have.

A method file ends with `METHOD = Query(...)`, `Procedure(...)` or `Subscription(...)` around an async function whose
parameters name, by annotation, everything it needs:

    params: Params           a msgspec.Struct made from the query string
    caller: Caller           who is calling, when `auth` proves it; `Viewer` with Auth.OPTIONAL, and of another type
                             where a service token is asked for (see Auth)
    action: Action           what the audit log will say; a procedure of the administrator's must name it
    input: Input             a msgspec.Struct made from JSON; or `bytes`; or `AsyncIterator[bytes]`, not read yet
    host: str                the host that was asked, as the request names it
    content_type: str        the media type that the body came with, in lower case and without its parameters
    anything: SomeService    the service of that class

It answers with a msgspec.Struct, None (200 and no body), a Stream or a Content. The module deliberately does not know
which method is served where, nor how a request becomes these values.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from enum import Enum, auto
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from roost.api.limits import Limits
from roost.services.caller import Scope
from roost.services.errors import ServiceError

if TYPE_CHECKING:
    from roost.data.value import Value

    Record: TypeAlias = dict[str, Value]
    """A record, or another object of the data model that a lexicon calls `unknown`, as a field of an Input."""
else:
    # msgspec refuses unions of its own types with a custom one (Cid). What it is told here makes it hand the object
    # through; that it is of the data model, `data.json.from_json` has seen to before.
    Record = dict[str, Any]

KIB: Final = 1024

DEFAULT_BODY: Final = 150 * KIB
"""Bytes of a JSON body, decoded. The reference server's limit, so what a client can send there it can send here."""

WRITE_BODY: Final = 1_000_000
"""The same for the methods that write records: the reference server's too, and room for a batch of 200."""


class Auth(Enum):
    """Whose credentials a method asks for."""

    NONE = auto()  # nobody's: an Authorization header is not even looked at
    OPTIONAL = auto()  # an access token or the administrator's password, if sent; a bad one is refused, not ignored
    ACCESS = auto()
    ACCESS_2022 = auto()  # the same, where the scheme is spelled `Bearer` and no other way, as in 2022
    REFRESH = auto()
    REFRESH_EXPIRED = auto()  # a refresh token's, which may have expired: to end a session is always safe
    ADMIN = auto()
    SERVICE = auto()  # a service token made for this method, from whoever holds a DID's key: `caller: Service`
    OPTIONAL_SERVICE = auto()  # the same, if sent: `caller: Service | None`
    ACCESS_OR_SERVICE = auto()  # an access token, or a service token of an account here: `caller: Caller` either way
    ACCESS_OR_MODERATOR = auto()  # an access token, or a moderator's service token: `caller: Caller | Service`
    MODERATOR = auto()  # the administrator's password, or a service token of the moderation service in the settings


ADMINISTRATIVE: Final = frozenset({Auth.ADMIN, Auth.MODERATOR})
"""Rights of which every use that changes something is noted in the audit log."""


FULL: Final = frozenset({Scope.ACCESS})
"""Only the account's own password: what an app password may not do."""

STANDARD: Final = frozenset({Scope.ACCESS, Scope.APP_PASS, Scope.APP_PASS_PRIVILEGED})
"""Every access token of an account that has not been taken down."""

TAKENDOWN: Final = STANDARD | {Scope.TAKENDOWN}
"""Also the token of an account that has been: to read what is its own, and to move away."""


class Body(Enum):
    """What the edge makes of a request's body, beyond what the method's lexicon document says."""

    AS_DECLARED = auto()
    EMPTY_OBJECT = auto()  # `{}` is accepted where none is declared: clients of 2022 sent it
    FREE = auto()  # anything, of any media type or none, and nothing at all: `input: bytes` may be empty


def unexplained(error: Exception) -> Exception:
    """Leave an error as it is: the `explain` of a method of today."""
    return error


Run: TypeAlias = Callable[..., Awaitable[object]]
Explain: TypeAlias = Callable[[Exception], Exception]


@dataclass(frozen=True, slots=True)
class Query:
    """A method that reads: GET, and HEAD. `scopes` says which access tokens may call it, `limits` how often; one
    that is `relayed` may be answered by another server, when a client names that or the operator has. One that ends in
    an error of `elsewhere` is asked of that server too, in nobody's name. `undeclared` are parameters, texts, that it
    takes beside those of its lexicon document, as the reference server does.
    """

    nsid: str
    run: Run
    auth: Auth = Auth.NONE
    scopes: frozenset[Scope] = STANDARD
    body: Body = Body.AS_DECLARED
    explain: Explain = unexplained
    limits: Limits = ()
    relayed: bool = False
    elsewhere: tuple[type[ServiceError], ...] = ()
    undeclared: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Procedure:
    """A method that may write: POST. `body_limit` is in bytes, after Content-Encoding has been undone."""

    nsid: str
    run: Run
    auth: Auth = Auth.NONE
    scopes: frozenset[Scope] = STANDARD
    body: Body = Body.AS_DECLARED
    body_limit: int = DEFAULT_BODY
    explain: Explain = unexplained
    limits: Limits = ()
    relayed: bool = False


Method: TypeAlias = Query | Procedure


@dataclass(frozen=True, slots=True)
class Subscription:
    """A method that sends frames for as long as its client listens: GET, over a WebSocket.

    Its function names `params`, services, and `sink: Sink`, which takes what is to be sent. It returns when there is
    nothing more to come; a ServiceError that it raises is the last frame.
    """

    nsid: str
    run: Run


@dataclass(frozen=True, slots=True)
class Stream:
    """An answer that is made while it is sent; `length` in bytes where it is known, `headers` beyond the usual ones.
    `public` if it is the same for whoever asks, at any time, so that any cache may keep it.

    The first chunk is asked for before the status is sent, so an error up to there is still an answer. `chunks` is
    always closed, also when the client goes away in the middle.
    """

    content_type: str
    chunks: AsyncIterator[bytes]
    length: int | None = None
    headers: tuple[tuple[bytes, bytes], ...] = ()
    status: int = 200
    public: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """An answer that is stored under a name of its own (`etag`) and never changes: a client may ask for a part, and
    need not be sent what it has already. `read(start, length)` gives a part, in bytes; all else is as of a Stream.
    """

    content_type: str
    length: int
    etag: str
    read: Callable[[int, int], AsyncIterator[bytes]]
    headers: tuple[tuple[bytes, bytes], ...] = ()
    public: bool = False
