"""Everything a service may refuse, by name.

    ServiceError
    ├── InvalidRequest            the request cannot be carried out as sent
    │   ├── InvalidSwap           a compare-and-swap condition does not hold
    │   ├── RecordNotFound        RecordAlreadyExists   BlockNotFound
    │   ├── BlobNotFound          InvalidMimeType       InvalidSize         BlobQuotaExceeded
    │   ├── RepoNotFound          RepoDeactivated       RepoTakendown
    │   ├── SubjectNotFound       (of the administrator's methods)
    │   ├── AlreadyExists         the DID has an account here
    │   ├── InvalidHandle         HandleNotAvailable    HandleNotFound      UnsupportedDomain
    │   │                         └── HandleTaken
    │   ├── DidNotFound           DidDeactivated
    │   ├── InvalidInviteCode     InvalidPassword       EmailNotAvailable   IncompatibleDidDoc
    │   ├── BadExpiration         LexiconNotFound       UnknownFeed
    │   ├── FutureCursor          ConsumerTooSlow       (of a subscriber)
    │   ├── InvalidEmail          UnknownAccount        AppPasswordExists
    │   └── InvalidToken          ExpiredToken          TokenRequired       (of a session, of a mailed token)
    ├── Unauthenticated           who is calling is not known
    │   ├── AuthMissing           AccountTakedown       AccountDeactivated
    │   └── BadJwt                a service token is malformed, or lives too long
    │       ├── BadJwtType        JwtExpired            BadJwtLexiconMethod
    │       ├── BadJwtIss         BadJwtAudience        BadJwtSignature
    │       └── UntrustedIss      JwtReplayed
    ├── Forbidden                 the caller is known and may not do this
    │   └── AccountNotFound
    ├── PayloadTooLarge           what is sent is larger than the operator takes
    ├── TooManyRequests           the server is at one of its limits; the same request may succeed later
    └── UpstreamFailure           a server that this one depends on refused or did not answer
        └── UpstreamTimeout       … did not answer in time

The names are the protocol's (the `error` of an XRPC answer); which HTTP status each becomes is decided in
`roost.http.errors`.
"""


class ServiceError(Exception):
    """Something a caller asked for was refused; the message says what to change."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class InvalidRequest(ServiceError):
    """The request cannot be carried out as it was sent."""


class InvalidSwap(InvalidRequest):
    """The repository or record is not at the CID that the request named."""


class RecordNotFound(InvalidRequest):
    """No record stands at that path."""


class RecordAlreadyExists(InvalidRequest):
    """A record stands at that path already, and the request was to create one."""


class BlobNotFound(InvalidRequest):
    """The account has no such blob: to refer to it in a record, or to read it."""


class InvalidMimeType(InvalidRequest):
    """The record says of a blob that it is of another media type than was uploaded."""


class InvalidSize(InvalidRequest):
    """The record says of a blob that it has another size than was uploaded."""


class BlobQuotaExceeded(InvalidRequest):
    """The account's blobs would have more bytes together than this server keeps for one account."""


class RepoNotFound(InvalidRequest):
    """No such repository is hosted here."""


class RepoDeactivated(InvalidRequest):
    """The account that owns the repository is deactivated."""


class RepoTakendown(InvalidRequest):
    """The account that owns the repository has been taken down."""


class SubjectNotFound(InvalidRequest):
    """What the administrator asks about is not here."""


class AlreadyExists(InvalidRequest):
    """The DID that was to come here has an account here."""


class InvalidHandle(InvalidRequest):
    """The handle is not one that this server could give to an account."""


class HandleNotAvailable(InvalidRequest):
    """The handle belongs to somebody else or is reserved."""


class HandleTaken(HandleNotAvailable):
    """The handle belongs to somebody else, or did until lately."""


class HandleNotFound(InvalidRequest):
    """No account is known by that handle."""


class DidNotFound(InvalidRequest):
    """There is no document of that DID that could be used."""


class DidDeactivated(InvalidRequest):
    """The DID was one once, and has been ended."""


class UnsupportedDomain(InvalidRequest):
    """The handle is not under a domain that this server offers."""


class EmailNotAvailable(InvalidRequest):
    """Another account uses that email address."""


class InvalidEmail(InvalidRequest):
    """The email address is not the account's."""


class UnknownAccount(InvalidRequest):
    """The account that is meant is not hosted here."""


class AppPasswordExists(InvalidRequest):
    """The account has an app password of that name."""


class InvalidInviteCode(InvalidRequest):
    """An invite code is needed, and the one given does not admit anybody."""


class InvalidPassword(InvalidRequest):
    """The new password does not meet the rules."""


class IncompatibleDidDoc(InvalidRequest):
    """The account's DID document does not agree with what was asked."""


class BadExpiration(InvalidRequest):
    """A token was asked for that would live for too long, or is over already."""


class LexiconNotFound(InvalidRequest):
    """No lexicon document is published under the NSID, or none that can be proved."""


class UnknownFeed(InvalidRequest):
    """There is no feed of that name, or nobody can be told to make it."""


class BlockNotFound(InvalidRequest):
    """The repository has no block of that CID."""


class FutureCursor(InvalidRequest):
    """A subscriber says that it has seen an event that was never sent."""


class ConsumerTooSlow(InvalidRequest):
    """A subscriber does not take what it is sent, or not as fast as it comes."""


class InvalidToken(InvalidRequest):
    """The token is malformed, not ours, of the wrong kind, or revoked."""


class ExpiredToken(InvalidRequest):
    """The token was good once; its time is over."""


class TokenRequired(InvalidRequest):
    """The change needs a token that is mailed to the account's owner."""


class Unauthenticated(ServiceError):
    """The credentials do not say who is calling."""


class AuthMissing(Unauthenticated):
    """No credentials were presented."""


class AccountTakedown(Unauthenticated):
    """The caller's account has been taken down."""


class AccountDeactivated(Unauthenticated):
    """The caller's account is deactivated."""


class BadJwt(Unauthenticated):
    """The service token is malformed, or would be good for longer than one may be."""


class BadJwtType(BadJwt):
    """The token is of another kind: one of a session, or of OAuth."""


class JwtExpired(BadJwt):
    """The service token was good once; its time is over."""


class BadJwtLexiconMethod(BadJwt):
    """The service token was not made for the method that is called."""


class BadJwtIss(BadJwt):
    """The service token does not say whose it is, in a way that counts for this method."""


class BadJwtAudience(BadJwt):
    """The service token was made for another server."""


class BadJwtSignature(BadJwt):
    """The service token was not signed with the key in its issuer's DID document."""


class UntrustedIss(BadJwt):
    """The service token is good, but its issuer has no say here."""


class JwtReplayed(BadJwt):
    """The service token has been used."""


class Forbidden(ServiceError):
    """The caller may not do this."""


class AccountNotFound(Forbidden):
    """The caller's token is good, but its account is not hosted here."""


class PayloadTooLarge(ServiceError):
    """What is sent has more bytes than the operator takes."""


class TooManyRequests(ServiceError):
    """The server is at a limit that protects it; trying again later may succeed: in so many seconds, where it is known
    when there will be room.
    """

    def __init__(self, message: str, *, retry_after: int | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UpstreamFailure(ServiceError):
    """A server that this one depends on refused, or did not answer in time."""


class UpstreamTimeout(UpstreamFailure):
    """A server that this one depends on did not answer in time."""
