"""Whom a registration for notifications is for; where it goes is told over HTTP, in the tests of the proxy."""

import pytest

from roost.services.errors import InvalidRequest
from roost.services.push import service_of

NSID = "app.bsky.notification.registerPush"


def test_the_body_says_who() -> None:
    """Beside whatever else it says."""
    assert service_of(NSID, b'{"serviceDid":"did:web:a.test","token":"t"}') == "did:web:a.test"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"serviceDid":7}', b'{"serviceDid":"a.test"}', b"\xff"])
def test_a_body_that_does_not_say_so_is_refused(body: bytes) -> None:
    """With the name of the field."""
    with pytest.raises(InvalidRequest, match="serviceDid"):
        service_of(NSID, body)
