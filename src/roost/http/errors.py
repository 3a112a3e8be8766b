"""Errors into answers: which status and which name each has on the wire, in one table.

    ServiceError
    ├── NotFound             no XRPC at this path: what status 404 means under /xrpc/
    ├── UnknownMethod        an NSID that this server does not serve
    ├── UpgradeRequired      an event stream that was asked for without a WebSocket
    ├── UnspokenVersion      a handshake for another version of WebSockets
    ├── WrongVerb            a method called with another HTTP method than its own
    ├── UnsatisfiableRange   a range that begins behind the end
    ├── UnsupportedCoding    a Content-Encoding that cannot be undone here
    └── NotEnoughResources   the server is at its limit for everybody
    Exception
    └── ClientGone           nobody is left to answer

It deliberately does not know methods or headers; what is not in the table is a fault of ours, and its text stays here.
"""

from typing import Final

import orjson

from roost.api import errors as requests
from roost.api.v2022 import errors as v2022
from roost.services import errors as services
from roost.services.errors import InvalidRequest, ServiceError


class NotFound(ServiceError):
    """Nothing is served at this path."""

    def __init__(self) -> None:
        super().__init__("Not Found")


class UnknownMethod(ServiceError):
    """No method of that name is served here."""

    def __init__(self, nsid: str) -> None:
        super().__init__(f"Method Not Implemented: {nsid}")


class UpgradeRequired(ServiceError):
    """What is asked for comes over a WebSocket."""

    def __init__(self, nsid: str) -> None:
        super().__init__(f"{nsid} is an event stream: ask for it over a WebSocket")


class UnspokenVersion(ServiceError):
    """The client does not speak the one version of WebSockets that is spoken here."""

    def __init__(self) -> None:
        super().__init__("WebSockets are spoken in version 13: say so in Sec-WebSocket-Version")


class WrongVerb(InvalidRequest):
    """The method is called with another HTTP method than its own."""

    def __init__(self, verb: str, expected: str) -> None:
        super().__init__(f"Incorrect HTTP method ({verb}) expected {expected}")


class UnsupportedCoding(ServiceError):
    """The body has a Content-Encoding that this server does not undo."""

    def __init__(self, coding: str) -> None:
        super().__init__(f"unsupported content encoding: {coding}")


class NotEnoughResources(ServiceError):
    """The server has as much to do as it takes on; it is not the caller's fault."""


class UnsatisfiableRange(InvalidRequest):
    """The range that was asked for begins behind the end of what there is."""

    def __init__(self) -> None:
        super().__init__("The requested range is not satisfiable")


class ClientGone(Exception):
    """The client closed the connection before its request was whole."""


TABLE: Final[dict[type[Exception], tuple[int, str]]] = {
    services.InvalidRequest: (400, "InvalidRequest"),
    services.InvalidSwap: (400, "InvalidSwap"),
    services.RecordNotFound: (400, "RecordNotFound"),
    services.BlockNotFound: (400, "BlockNotFound"),
    services.FutureCursor: (400, "FutureCursor"),
    services.ConsumerTooSlow: (400, "ConsumerTooSlow"),
    services.RecordAlreadyExists: (400, "RecordAlreadyExists"),
    services.RepoNotFound: (400, "RepoNotFound"),
    services.RepoDeactivated: (400, "RepoDeactivated"),
    services.RepoTakendown: (400, "RepoTakendown"),
    services.SubjectNotFound: (400, "NotFound"),
    services.AlreadyExists: (400, "AlreadyExists"),
    services.InvalidHandle: (400, "InvalidHandle"),
    services.HandleNotAvailable: (400, "HandleNotAvailable"),
    services.HandleTaken: (400, "HandleNotAvailable"),
    services.HandleNotFound: (400, "HandleNotFound"),
    services.DidNotFound: (400, "DidNotFound"),
    services.DidDeactivated: (400, "DidDeactivated"),
    services.UnsupportedDomain: (400, "UnsupportedDomain"),
    services.BlobNotFound: (400, "BlobNotFound"),
    services.InvalidMimeType: (400, "InvalidMimeType"),
    services.InvalidSize: (400, "InvalidSize"),
    services.BlobQuotaExceeded: (400, "BlobQuotaExceeded"),
    services.EmailNotAvailable: (400, "InvalidRequest"),  # no lexicon declares a name for it
    services.AppPasswordExists: (400, "InvalidRequest"),  # as above
    services.InvalidEmail: (400, "InvalidEmail"),
    services.UnknownAccount: (400, "AccountNotFound"),
    services.InvalidInviteCode: (400, "InvalidInviteCode"),
    services.InvalidPassword: (400, "InvalidPassword"),
    services.IncompatibleDidDoc: (400, "IncompatibleDidDoc"),
    services.BadExpiration: (400, "BadExpiration"),
    services.UnknownFeed: (400, "UnknownFeed"),
    services.LexiconNotFound: (400, "LexiconNotFound"),
    services.InvalidToken: (400, "InvalidToken"),
    services.ExpiredToken: (400, "ExpiredToken"),
    services.TokenRequired: (400, "TokenRequired"),
    services.Unauthenticated: (401, "AuthenticationRequired"),
    services.AuthMissing: (401, "AuthMissing"),
    services.BadJwt: (401, "BadJwt"),
    services.BadJwtType: (401, "BadJwtType"),
    services.JwtExpired: (401, "JwtExpired"),
    services.BadJwtLexiconMethod: (401, "BadJwtLexiconMethod"),
    services.BadJwtIss: (401, "BadJwtIss"),
    services.BadJwtAudience: (401, "BadJwtAudience"),
    services.BadJwtSignature: (401, "BadJwtSignature"),
    services.UntrustedIss: (401, "UntrustedIss"),
    services.JwtReplayed: (401, "JwtReplayed"),
    services.AccountTakedown: (401, "AccountTakedown"),
    services.AccountDeactivated: (401, "AccountDeactivated"),
    services.Forbidden: (403, "Forbidden"),
    services.AccountNotFound: (403, "AccountNotFound"),
    services.PayloadTooLarge: (413, "PayloadTooLarge"),
    services.TooManyRequests: (429, "RateLimitExceeded"),
    services.UpstreamFailure: (502, "UpstreamFailure"),
    services.UpstreamTimeout: (504, "UpstreamTimeout"),
    v2022.InvalidUsername: (400, "InvalidUsername"),
    v2022.UsernameNotAvailable: (400, "UsernameNotAvailable"),
    NotFound: (404, "XRPCNotSupported"),
    requests.PayloadTooLarge: (413, "PayloadTooLarge"),
    UpgradeRequired: (426, "InvalidRequest"),
    UnspokenVersion: (426, "InvalidRequest"),
    requests.JsonTooLarge: (413, "PayloadTooLargeError"),
    UnsupportedCoding: (415, "UnsupportedMediaType"),
    NotEnoughResources: (503, "NotEnoughResources"),
    UnknownMethod: (501, "MethodNotImplemented"),
}
"""An error that is not here by its own class is answered as the nearest class above it."""

OURS: Final = (500, "InternalServerError", "Internal Server Error")
"""The answer to everything else: the message could hold a path, a query, a secret."""


def answer_of(error: Exception) -> tuple[int, bytes]:
    """Return the status and the JSON body that say `error` to a client; 500 for what nobody raised on purpose."""
    status, name, message = named(error)
    return status, orjson.dumps({"error": name, "message": message})


def named(error: Exception) -> tuple[int, str, str]:
    """Return the status, the name and the message that say `error` to a client."""
    for class_ in type(error).__mro__:
        if class_ in TABLE and isinstance(error, ServiceError):
            return *TABLE[class_], printable(error.message)
    return OURS


def printable(message: str) -> str:
    """Replace lone surrogates, which a message may quote from a request and JSON cannot hold."""
    return message.encode(errors="replace").decode()
