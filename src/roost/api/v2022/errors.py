"""Errors in the words of October 2022.

Names and texts are those of the server of that time, which its clients tell apart by their message; where it had none,
today's default name for the status stands. One function puts any error of today into these words.
"""

from collections.abc import Callable, Mapping
from typing import Final

from roost.api.errors import InvalidBody, InvalidParams, JsonTooLarge, PayloadTooLarge, WrongEncoding
from roost.lexicon import InvalidData
from roost.services.errors import (
    AccountNotFound,
    AuthMissing,
    BlobNotFound,
    EmailNotAvailable,
    ExpiredToken,
    Forbidden,
    HandleNotAvailable,
    InvalidHandle,
    InvalidMimeType,
    InvalidRequest,
    InvalidSize,
    InvalidSwap,
    InvalidToken,
    RecordAlreadyExists,
    RecordNotFound,
    RepoDeactivated,
    RepoNotFound,
    RepoTakendown,
    Unauthenticated,
    UnsupportedDomain,
)
from roost.services.writes import InvalidRecord, UnknownRecordType

AUTHENTICATION_REQUIRED: Final = "Authentication Required"


class InvalidUsername(InvalidRequest):
    """The username is not one that this server could give to an account."""


class UsernameNotAvailable(InvalidRequest):
    """The username belongs to somebody else."""


def explain(error: Exception, *, missing: str = "user") -> Exception:
    """Say an error in the words of 2022; `missing` is what is said not to be found where there is no such account."""
    if isinstance(error, RepoNotFound | RepoDeactivated | RepoTakendown):
        # Today's message ends with the name or DID that was asked for, too.
        return InvalidRequest(f"Could not find {missing}: {error.message.partition(': ')[2]}")
    for kind in type(error).__mro__:
        if kind in _WORDS:
            return _WORDS[kind](error)
    return error


def explain_bearer(error: Exception) -> Exception:
    """Do the same for a method that asks for a token: whatever is wrong with one has the same answer."""
    if isinstance(error, Unauthenticated | InvalidToken | ExpiredToken | AccountNotFound):
        return Unauthenticated(AUTHENTICATION_REQUIRED)
    return explain(error)


def explain_admin(error: Exception) -> Exception:
    """Do the same for a method of the administrator's: wrong credentials are refused otherwise than none."""
    if isinstance(error, AuthMissing):
        return Unauthenticated(AUTHENTICATION_REQUIRED)
    if isinstance(error, Unauthenticated):
        return Forbidden("Forbidden")
    return explain(error)


def _params(error: Exception) -> Exception:
    cause = error.__cause__
    if not isinstance(cause, InvalidData):
        return InvalidRequest(str(error))
    name = str(cause.expected if cause.rule == "required" else (cause.path or ("",))[0])
    match cause.rule:
        case "required":
            return InvalidRequest(f"Required parameter not supplied: {name}")
        case "minimum":
            return InvalidRequest(f"Parameter '{name}' is less than minimum allowed value ({cause.expected})")
        case "maximum":
            return InvalidRequest(f"Parameter '{name}' is greater than maximum allowed value ({cause.expected})")
    return InvalidRequest(f"Parameter '{name}' {cause.problem}")


def _body(error: Exception) -> Exception:
    cause = error.__cause__
    if not isinstance(cause, InvalidData):
        return InvalidRequest(str(error))
    return InvalidRequest(f"{'/'.join(('data', *map(str, cause.path)))} {requirement(cause)}")


def _record(error: Exception) -> Exception:
    assert isinstance(error, InvalidRecord), "the table says so"
    cause = error.__cause__
    assert isinstance(cause, InvalidData), "a record is refused by its schema"
    steps = "".join("/items" if isinstance(step, int) else f"/properties/{step}" for step in cause.path)
    return InvalidRequest(
        f"Invalid {error.collection} record: Failed {error.collection} validation for"
        f" #{steps}/{_KEYWORDS.get(cause.rule, cause.rule)}: {requirement(cause)}"
    )


def _unknown_record(error: Exception) -> Exception:
    assert isinstance(error, UnknownRecordType), "the table says so"
    return InvalidRequest(f"Invalid {error.collection} record: Schema not found")


def requirement(broken: InvalidData) -> str:
    """Return what the value must be, as the validator of the time put it."""
    expected = broken.expected
    match broken.rule:
        case "required":
            return f"must have required property '{expected}'"
        case "type" | "nullable":
            return f"must be {_TYPES.get(str(expected), expected)}"
        case "enum":
            return "must be equal to one of the allowed values"
        case "const":
            return "must be equal to constant"
        case "minimum":
            return f"must be >= {expected}"
        case "maximum":
            return f"must be <= {expected}"
        case "maxLength" | "maxGraphemes":
            return f"must NOT have more than {expected} characters"
        case "minLength" | "minGraphemes":
            return f"must NOT have fewer than {expected} characters"
        case "format":
            return f'must match format "{expected}"'
    return broken.problem


_TYPES: Final[Mapping[str, str]] = {"integer": "number"}
"""Types that had another name."""

_KEYWORDS: Final[Mapping[str, str]] = {
    "nullable": "type",
    "minGraphemes": "minLength",
    "maxGraphemes": "maxLength",
}
"""Rules that were part of another: JSON Schema knows neither that a null may stand, nor graphemes."""


def _unnamed(error: Exception) -> Exception:
    """Say the same under the name that stands where no lexicon of 2022 declares one."""
    return InvalidRequest(str(error))


def _username(error: Exception) -> Exception:
    return InvalidUsername(str(error))


_WORDS: Final[Mapping[type[Exception], Callable[[Exception], Exception]]] = {
    InvalidParams: _params,
    InvalidBody: _body,
    WrongEncoding: lambda error: InvalidRequest(
        f"Invalid request encoding: {getattr(error, 'encoding', '') or 'false'}"
    ),
    InvalidRecord: _record,
    UnknownRecordType: _unknown_record,
    InvalidHandle: _username,
    UnsupportedDomain: _username,
    HandleNotAvailable: _username,
    EmailNotAvailable: _unnamed,
    RecordNotFound: _unnamed,
    RecordAlreadyExists: _unnamed,
    BlobNotFound: _unnamed,
    InvalidMimeType: _unnamed,
    InvalidSize: _unnamed,
    InvalidSwap: _unnamed,
    JsonTooLarge: lambda _error: PayloadTooLarge(),
}
