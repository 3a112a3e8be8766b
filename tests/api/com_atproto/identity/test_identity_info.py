"""An identity as it is answered."""

from roost.api.com_atproto.identity.identity_info import identity_info
from roost.api.encode import encode
from roost.identity import diddoc
from roost.services.identity import Resolved
from roost.syntax import Did, Handle


def test_the_document_is_passed_on_whole() -> None:
    """Also what is not understood here."""
    raw = {"id": "did:web:alice.test", "alsoKnownAs": ["at://alice.test"], "more": {"a": [1]}}
    resolved = Resolved(Did("did:web:alice.test"), Handle("alice.test"), diddoc.parse(raw))

    assert encode(identity_info(resolved)) == (
        b'{"did":"did:web:alice.test","handle":"alice.test","didDoc":{"id":"did:web:alice.test",'
        b'"alsoKnownAs":["at://alice.test"],"more":{"a":[1]}}}'
    )
