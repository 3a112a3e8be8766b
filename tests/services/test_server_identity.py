"""The server's own identity."""

from roost.crypto.keys import PrivateKey
from roost.identity import diddoc
from roost.services.server_identity import ServerIdentity
from support.house import policy_of


def test_the_document_names_server_and_key() -> None:
    """Whoever resolves the server's DID finds where it is, and what it signs with."""
    key = PrivateKey.generate()

    read = diddoc.parse(ServerIdentity(policy_of(), key).document())

    assert read.did == "did:web:pds.test"
    assert read.pds_endpoint == "https://pds.test"
    assert read.signing_key == key.public
