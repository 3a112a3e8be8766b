"""What can go wrong on the way out, named.

Knows nothing of what the caller answers; but nothing here may be shown to strangers unread, since an address that was
refused says something about the network this server stands in.

    NetError
    ├── RequestRefused            we would not ask
    │   ├── UnsafeUrl
    │   └── ForbiddenAddress
    ├── Unreachable               no answer
    │   ├── UnknownHost
    │   └── TimedOut
    ├── BadAnswer                 an answer that cannot be used
    │   ├── TooLarge
    │   └── TooManyRedirects
    ├── PlcError                  the directory answered, and it was no
    │   ├── NotFound
    │   ├── Tombstoned
    │   └── Refused
    ├── CrawlRefused
    ├── DidNotResolved
    │   └── DidEnded
    └── MailNotSent
"""

from __future__ import annotations


class NetError(Exception):
    """Anything that kept an outgoing request from its result."""


class RequestRefused(NetError):
    """A request this server does not make."""


class UnsafeUrl(RequestRefused):
    """A URL that is not https, carries credentials, or is no URL at all."""


class ForbiddenAddress(RequestRefused):
    """A host that resolves, at least in part, to an address that is not public."""

    def __init__(self, host: str, address: str) -> None:
        super().__init__(f"{host} resolves to an address that is not public: {address}")
        self.host = host
        self.address = address


class Unreachable(NetError):
    """Nobody answered, or the connection broke."""


class UnknownHost(Unreachable):
    """A name without an address."""


class TimedOut(Unreachable):
    """The whole exchange did not fit in its time."""


class BadAnswer(NetError):
    """An answer that is not what was asked for."""


class TooLarge(BadAnswer):
    """An answer longer than the caller was ready to hold."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The answer is longer than {limit} bytes")
        self.limit = limit


class TooManyRedirects(BadAnswer):
    """A redirect where none, or no further one, is followed."""


class PlcError(NetError):
    """The PLC directory's refusal."""


class NotFound(PlcError):
    """A DID the directory has never heard of."""


class Tombstoned(PlcError):
    """A DID that has been ended."""


class Refused(PlcError):
    """An operation the directory does not take; `message` is its own, `status` 400 to 499."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.message = message
        self.status = status


class CrawlRefused(NetError):
    """A relay that answered, and not with what was asked for."""


class DidNotResolved(NetError):
    """A DID without a usable document: unknown, ended, of a method not supported, or badly written."""


class DidEnded(DidNotResolved):
    """A DID that was one once, and has been ended."""


class MailNotSent(NetError):
    """A mail the mail server did not take."""
