"""What went wrong on the way out, as what a caller may be told.

A NetError is not shown to strangers: what was refused or could not be reached says something about the network that
this server stands in. What a PLC directory says of an operation is the caller's own business, and is passed on.
"""

from typing import Final

from roost.net.errors import NetError, NotFound, Refused, TimedOut, Tombstoned
from roost.services.errors import InvalidRequest, ServiceError, TooManyRequests, UpstreamFailure, UpstreamTimeout

SAID_CHARS: Final = 300
"""How much of a directory's words is passed on: the longest that the public one has says less."""

THE_DIRECTORY: Final = "The PLC directory"


def explained(error: NetError, who: str = THE_DIRECTORY) -> ServiceError:
    """Return the error to raise from a NetError; `who` was asked, and begins a sentence.

    TimedOut becomes UpstreamTimeout (504), a PLC directory's refusal InvalidRequest (400) with what it said or
    TooManyRequests (429), anything else UpstreamFailure (502): as the reference does (0.1), but for the timeout.
    """
    match error:
        case TimedOut():
            return UpstreamTimeout(f"{who} did not answer in time; try again later")
        case Tombstoned():
            return InvalidRequest("Did is tombstoned")
        case NotFound():
            return InvalidRequest(f"{who} does not know this DID")
        case Refused(status=429):
            return TooManyRequests(f"{who} takes no more of this for now; try again later")
        case Refused():
            return InvalidRequest(f"{who} refused: {_said(error.message)}")
        case _:
            return UpstreamFailure(f"{who} did not give an answer that can be used; try again later")


def _said(message: str) -> str:
    text = "".join(char if char.isprintable() else " " for char in message[: SAID_CHARS + 1])
    return text if len(text) <= SAID_CHARS else text[:SAID_CHARS] + "…"
