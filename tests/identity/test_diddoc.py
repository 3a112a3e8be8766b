"""Foreign DID documents."""

from __future__ import annotations

import base64

import base58
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.crypto import P256, PrivateKey
from roost.identity import diddoc
from roost.identity.errors import InvalidDidDocument, UnusableKey
from roost.syntax import Did

DID = Did.parse("did:web:alice.test")
KEY = PrivateKey.from_bytes(b"\x07" * 32)

DOCUMENT: dict[str, object] = {
    "@context": ["https://www.w3.org/ns/did/v1"],
    "id": DID,
    "alsoKnownAs": ["https://alice.test", "at://Alice.test", "at://old.test"],
    "verificationMethod": [
        {
            "id": f"{DID}#atproto",
            "type": "Multikey",
            "controller": DID,
            "publicKeyMultibase": KEY.public.multikey,
        }
    ],
    "service": [
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.test"},
        {"id": f"{DID}#chat", "type": "Chat", "serviceEndpoint": "https://chat.test/deep"},
    ],
}


def _with_key(**fields: object) -> dict[str, object]:
    return {**DOCUMENT, "verificationMethod": [{"id": "#atproto", "controller": DID, **fields}]}


def test_handle_key_and_host_are_found() -> None:
    """A usual document gives up the three things atproto asks of it."""
    document = diddoc.parse(DOCUMENT, did=DID)

    assert document.handle == "alice.test"
    assert document.signing_key == KEY.public
    assert document.pds_endpoint == "https://pds.test"


def test_both_forms_of_id_are_read() -> None:
    """An id may be a fragment, or the DID and a fragment."""
    assert diddoc.parse(DOCUMENT).service_endpoint("chat") == "https://chat.test/deep"


def test_document_is_kept_as_received() -> None:
    """Members nobody here knows are still there to be passed on."""
    assert diddoc.parse({**DOCUMENT, "more": [1]}).raw["more"] == [1]


def test_format_and_parse_are_inverse() -> None:
    """Writing a document out and reading it gives the same value."""
    document = diddoc.parse(DOCUMENT)

    assert diddoc.parse(diddoc.format(document), did=DID) == document


@pytest.mark.parametrize(
    ("kind", "curve"), [("EcdsaSecp256k1VerificationKey2019", "k256"), ("EcdsaSecp256r1VerificationKey2019", P256)]
)
def test_keys_of_the_2019_suites_are_read(kind: str, curve: str) -> None:
    """Documents from before Multikey hold a bare point, compressed."""
    public = PrivateKey.from_bytes(b"\x07" * 32, P256 if curve == P256 else "k256").public
    multibase = "z" + base58.b58encode(public.point).decode()

    assert diddoc.parse(_with_key(type=kind, publicKeyMultibase=multibase)).signing_key == public


@pytest.mark.parametrize(
    ("kind", "multibase"),
    [
        ("Ed25519VerificationKey2020", "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"),
        ("Multikey", "z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK"),
        ("Multikey", "zz"),
        ("Multikey", "m" + base64.b64encode(b"\xe7\x01" + bytes(33)).decode()),
        ("EcdsaSecp256k1VerificationKey2019", "z" + "2" * 200),
    ],
)
def test_a_key_that_cannot_be_used_is_told_when_asked_for(kind: str, multibase: str) -> None:
    """The rest of the document stays readable; only its key is not."""
    document = diddoc.parse(_with_key(type=kind, publicKeyMultibase=multibase))

    assert document.handle == "alice.test"
    with pytest.raises(UnusableKey):
        _ = document.signing_key


def test_missing_parts_are_none() -> None:
    """A document may say nothing but its id."""
    document = diddoc.parse({"id": DID})

    assert (document.handle, document.signing_key, document.pds_endpoint) == (None, None, None)


def test_only_the_first_at_alias_counts() -> None:
    """An account whose first alias is no handle has none, whatever comes after."""
    assert diddoc.parse({"id": DID, "alsoKnownAs": ["at://no_handle", "at://alice.test"]}).handle is None


@pytest.mark.parametrize(
    "service",
    [
        {"id": "#atproto_pds", "type": "Other", "serviceEndpoint": "https://pds.test"},
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "ftp://pds.test"},
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://"},
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.test:x"},
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.test/\r\nX: y"},
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": {"uri": "https://pds.test"}},
        {"id": "did:web:bob.test#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://p.t"},
        {"id": "atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": "https://pds.test"},
    ],
)
def test_services_that_are_no_pds(service: dict[str, object]) -> None:
    """Another type, another document's id, or an endpoint that is no URL make no host."""
    assert diddoc.parse({"id": DID, "service": [service]}).pds_endpoint is None


def test_first_of_two_services_counts() -> None:
    """A second service of the same name does not shadow the first."""
    services = [
        {"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": f"https://{host}.test"}
        for host in ("first", "second")
    ]

    assert diddoc.parse({"id": DID, "service": services}).pds_endpoint == "https://first.test"


@pytest.mark.parametrize(
    "raw",
    [
        None,
        [],
        "document",
        {},
        {"id": 5},
        {"id": "alice.test"},
        {"id": "did:web:bob.test"},
        {"id": DID, "alsoKnownAs": "at://alice.test"},
        {"id": DID, "alsoKnownAs": [None]},
        {"id": DID, "verificationMethod": {}},
        {"id": DID, "verificationMethod": ["#atproto"]},
        {"id": DID, "verificationMethod": [{"id": 1, "type": "Multikey"}]},
        {"id": DID, "verificationMethod": [{"id": "#atproto"}]},
        {"id": DID, "verificationMethod": [{"id": "#atproto", "type": "Multikey", "publicKeyMultibase": []}]},
        {"id": DID, "service": "https://pds.test"},
        {"id": DID, "service": [None]},
        {"id": DID, "service": [{"id": None}]},
        {"id": DID, "alsoKnownAs": ["at://alice.test"] * 300},
    ],
)
def test_malformed_documents_are_refused(raw: object) -> None:
    """Whatever breaks DID Core, or is about another DID, is one named error."""
    with pytest.raises(InvalidDidDocument):
        diddoc.parse(raw, did=DID)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.text(max_size=6) | st.just("#atproto"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "type", "publicKeyMultibase", "serviceEndpoint"]), inner, max_size=4)
    ),
    max_leaves=8,
)


@given(st.dictionaries(st.sampled_from(["alsoKnownAs", "verificationMethod", "service"]), _JSON))
@settings(max_examples=150)
def test_hostile_documents_only_raise_by_name(change: dict[str, object]) -> None:
    """No document makes parsing, or asking for anything in it, fail in an unnamed way."""
    try:
        document = diddoc.parse({**DOCUMENT, **change}, did=DID)
        _ = (document.handle, document.pds_endpoint, document.signing_key)
    except InvalidDidDocument:
        return
    assert document.did == DID
