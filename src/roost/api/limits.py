"""How often a method may be called: what methods declare as `limits`, and the buckets of the reference server.

A bucket holds points for a window of time, and each request takes some out of it. It is kept by the address that the
request comes from or by the calling account; methods that name the same bucket share it, and so do the two generations
of one method. It deliberately does not know where points are counted, or how an address is found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, TypeAlias

Arguments: TypeAlias = Mapping[str, object]
"""What a method is about to be called with, by the names of its parameters."""

Cost: TypeAlias = int | Callable[[Arguments], int]

MINUTES: Final = 60
HOURS: Final = 60 * MINUTES
DAYS: Final = 24 * HOURS


class By(Enum):
    """Whose bucket it is."""

    ADDRESS = auto()
    ACCOUNT = auto()  # the caller's; the address's where nobody in particular calls


@dataclass(frozen=True, slots=True)
class Limit:
    """A bucket of `points` for each `seconds`, of which a request takes `cost`.

    `detail` tells buckets of one address apart by what was sent. `alone` takes requests out of the bucket of all
    requests. One that is `of_account` is kept by the account that `detail` names, by whichever of its names, and takes
    nothing where there is none; how it stands is told only when it refuses, or it would tell whose names belong
    together.
    """

    bucket: str
    points: int
    seconds: int
    by: By = By.ADDRESS
    cost: Cost = 1
    detail: Callable[[Arguments], str] | None = None
    alone: bool = False
    of_account: bool = False


Limits: TypeAlias = tuple[Limit, ...]

ALL_REQUESTS: Final = Limit("all", 3000, 5 * MINUTES)
"""What every request takes a point of, also one that is passed on to another server."""

CREATE_ACCOUNT: Final = (Limit("createAccount", 100, 5 * MINUTES),)
DELETE_ACCOUNT: Final = (Limit("deleteAccount", 50, 5 * MINUTES),)
RESET_PASSWORD: Final = (Limit("resetPassword", 50, 5 * MINUTES),)
REQUEST_PASSWORD_RESET: Final = (
    Limit("requestPasswordReset", 15, HOURS),
    Limit("requestPasswordReset", 50, DAYS),
)
UPLOAD_BLOB: Final = (Limit("uploadBlob", 1000, DAYS),)
GET_REPO: Final = (Limit("getRepo", 6000, 5 * MINUTES, alone=True),)
UPDATE_HANDLE: Final = (
    Limit("updateHandle", 10, 5 * MINUTES, By.ACCOUNT),
    Limit("updateHandle", 50, DAYS, By.ACCOUNT),
)


def mails(bucket: str) -> Limits:
    """Return the limits of a method that mails to the caller: requestAccountDelete and its like, each its own."""
    return (Limit(bucket, 5, HOURS, By.ACCOUNT), Limit(bucket, 15, DAYS, By.ACCOUNT))


def sign_in(identifier: Callable[[Arguments], str]) -> Limits:
    """Return the limits of signing in, kept by address and by who wants in: guessing passwords must be hopeless."""

    def plain(arguments: Arguments) -> str:
        # As signing in reads it: neither another case nor a space around it makes another account of it.
        return identifier(arguments).strip().lower()

    return (
        Limit("createSession", 30, 5 * MINUTES, detail=plain),
        Limit("createSession", 300, DAYS, detail=plain),
        Limit("createSession account", 30, 5 * MINUTES, detail=identifier, of_account=True),
        Limit("createSession account", 300, DAYS, detail=identifier, of_account=True),
    )


CREATE_POINTS: Final = 3
UPDATE_POINTS: Final = 2
DELETE_POINTS: Final = 1


def writes(cost: Cost) -> Limits:
    """Return the limits of writing records, which all such methods share."""
    return (Limit("writes", 5000, HOURS, By.ACCOUNT, cost), Limit("writes", 35_000, DAYS, By.ACCOUNT, cost))
