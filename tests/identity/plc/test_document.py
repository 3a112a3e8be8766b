"""A PLC state as a DID document."""

from __future__ import annotations

from roost.crypto import PrivateKey
from roost.identity import diddoc, plc
from roost.syntax import Did

DID = Did.parse("did:plc:z72i7hdynmk6r22z27h6tvur")


def test_document_has_the_directorys_form(keys: list[PrivateKey], state: plc.State) -> None:
    """The document is, member for member, what the public directory would give out."""
    assert plc.document_of(DID, state) == {
        "@context": [
            "https://www.w3.org/ns/did/v1",
            "https://w3id.org/security/multikey/v1",
            "https://w3id.org/security/suites/secp256k1-2019/v1",
        ],
        "id": DID,
        "alsoKnownAs": ["at://alice.test"],
        "verificationMethod": [
            {
                "id": f"{DID}#atproto",
                "type": "Multikey",
                "controller": DID,
                "publicKeyMultibase": keys[2].public.multikey,
            }
        ],
        "service": [{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.test"}],
    }


def test_document_reads_back(keys: list[PrivateKey], state: plc.State) -> None:
    """What is put in is what a reader of documents finds."""
    document = diddoc.parse(plc.document_of(DID, state), did=DID)

    assert document.handle == "alice.test"
    assert document.signing_key == keys[2].public
    assert document.pds_endpoint == "https://pds.test"
