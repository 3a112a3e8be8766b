"""NetErrors into what a caller may be told."""

import pytest

from roost.net.errors import (
    BadAnswer,
    ForbiddenAddress,
    NetError,
    NotFound,
    Refused,
    TimedOut,
    Tombstoned,
    TooLarge,
    UnknownHost,
    Unreachable,
)
from roost.services.errors import InvalidRequest, ServiceError, TooManyRequests, UpstreamFailure, UpstreamTimeout
from roost.services.upstream import SAID_CHARS, explained


@pytest.mark.parametrize(
    ("error", "kind", "text"),
    [
        (TimedOut("http://10.0.0.1 did not answer within 3 s"), UpstreamTimeout, "The PLC directory did not answer"),
        (Unreachable("10.0.0.1 cannot be reached"), UpstreamFailure, "The PLC directory did not give an answer"),
        (UnknownHost("db.internal does not resolve"), UpstreamFailure, "did not give an answer"),
        (ForbiddenAddress("db.internal", "10.0.0.1"), UpstreamFailure, "did not give an answer"),
        (BadAnswer("http://10.0.0.1 answered what is not JSON"), UpstreamFailure, "did not give an answer"),
        (TooLarge(65536), UpstreamFailure, "did not give an answer"),
        (NotFound("DID not registered"), InvalidRequest, "does not know this DID"),
        (Tombstoned("DID not available"), InvalidRequest, "Did is tombstoned"),
        (Refused("Invalid signature on op", 400), InvalidRequest, "refused: Invalid signature on op"),
        (Refused("Operations not correctly ordered", 409), InvalidRequest, "refused: Operations not"),
        (Refused("slow down", 429), TooManyRequests, "takes no more of this for now"),
    ],
)
def test_every_failure_has_its_name(error: NetError, kind: type[ServiceError], text: str) -> None:
    """Timeouts, refusals and broken answers are told apart; no address of this server's network is told."""
    told = explained(error)

    assert type(told) is kind
    assert text in told.message
    assert "10.0.0.1" not in told.message
    assert "internal" not in told.message


def test_who_was_asked_is_named() -> None:
    """It need not be the directory."""
    assert explained(TimedOut(""), "The host").message == "The host did not answer in time; try again later"


def test_the_words_of_a_directory_are_bounded() -> None:
    """A directory that talks a lot, or in control characters, is cut short."""
    told = explained(Refused("\x1b[31m" + "x" * 10_000, 400))

    assert len(told.message) < SAID_CHARS + 50
    assert told.message.isprintable()
