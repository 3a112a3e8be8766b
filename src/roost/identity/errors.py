"""What can be wrong with an identity, named at the line that knows.

Knows nothing of HTTP: which status or XRPC name an error becomes is the caller's business.

    IdentityError
    ├── InvalidOperation          one PLC operation, judged by itself
    │   ├── OperationTooLarge
    │   └── InvalidSignatureText
    ├── InvalidLog                an operation, judged by the log it is to join
    │   ├── GenesisMismatch
    │   ├── MissingPrev
    │   ├── MisorderedOperation
    │   ├── InvalidSignature
    │   └── LateRecovery
    ├── InvalidDidDocument        a foreign document
    │   └── UnusableKey
    ├── UnsupportedDid            a DID no atproto account can have
    └── HandleRefused             a well-formed handle no account here can have
        ├── InvalidHandle
        │   ├── DisallowedTld
        │   ├── InvalidHandleLabel
        │   ├── HandleTooShort
        │   └── HandleTooLong
        ├── HandleNotAvailable
        │   └── ReservedHandle
        └── UnsupportedDomain
"""

from __future__ import annotations

import datetime as dt


class IdentityError(ValueError):
    """Anything this package refuses."""


class InvalidOperation(IdentityError):
    """A PLC operation that no log could accept: wrong shape, or past a limit."""


class OperationTooLarge(InvalidOperation):
    """An operation whose DAG-CBOR is longer than directories take."""

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"Operation too large ({size} bytes, {limit} bytes maximum in cbor encoding)")
        self.size = size
        self.limit = limit


class InvalidSignatureText(InvalidOperation):
    """A `sig` that is not the one canonical base64url text of 64 bytes."""

    def __init__(self) -> None:
        super().__init__("sig must be 64 bytes in unpadded canonical base64url")


class InvalidLog(IdentityError):
    """An operation that does not follow from the operations before it."""


class GenesisMismatch(InvalidLog):
    """A genesis operation whose hash is not the DID."""

    def __init__(self, expected: str) -> None:
        super().__init__(f"Hash of genesis operation does not match DID identifier: {expected}")
        self.expected = expected


class MissingPrev(InvalidLog):
    """A genesis operation where an update was due, or the other way round."""


class MisorderedOperation(InvalidLog):
    """`prev` is not an operation that may be built on."""

    def __init__(self, message: str = "Operations not correctly ordered") -> None:
        super().__init__(message)


class InvalidSignature(InvalidLog):
    """None of the keys that may sign this operation signed it."""

    def __init__(self) -> None:
        super().__init__("Invalid signature on op")


class LateRecovery(InvalidLog):
    """A fork whose first nullified operation is more than 72 hours old."""

    def __init__(self, elapsed: dt.timedelta) -> None:
        super().__init__(
            "Recovery operation occured outside of the allowed 72 hr recovery window. "
            f"Time lapsed: {int(elapsed.total_seconds())} s"
        )
        self.elapsed = elapsed


class InvalidDidDocument(IdentityError):
    """A document that does not have the shape DID Core gives it, or is about another DID."""


class UnusableKey(InvalidDidDocument):
    """A verification method whose key has a type or an encoding atproto does not know."""


class UnsupportedDid(IdentityError):
    """A DID of a method or form atproto does not resolve."""


class HandleRefused(IdentityError):
    """A handle that is syntactically right but that no account here can have."""


class InvalidHandle(HandleRefused):
    """A handle nobody here could ever have."""


class DisallowedTld(InvalidHandle):
    """A handle under a top-level domain that cannot be resolved in public."""

    def __init__(self) -> None:
        super().__init__("Handle TLD is invalid or disallowed")


class InvalidHandleLabel(InvalidHandle):
    """A handle with more than one label in front of a service domain."""

    def __init__(self) -> None:
        super().__init__("Invalid characters in handle")


class HandleTooShort(InvalidHandle):
    """Fewer than 3 characters in front of the service domain."""

    def __init__(self) -> None:
        super().__init__("Handle too short")


class HandleTooLong(InvalidHandle):
    """More than 18 characters in front of the service domain."""

    def __init__(self) -> None:
        super().__init__("Handle too long")


class HandleNotAvailable(HandleRefused):
    """A handle somebody may have, but not whoever asks now."""


class ReservedHandle(HandleNotAvailable):
    """A word kept from being anyone's name on a service domain."""

    def __init__(self) -> None:
        super().__init__("Reserved handle")


class UnsupportedDomain(HandleRefused):
    """A handle outside the domains this server gives names under."""

    def __init__(self) -> None:
        super().__init__("Not a supported handle domain")
