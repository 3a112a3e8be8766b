"""The signed commit, against worked values and in every way in which one can be wrong."""

from hashlib import sha256

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from roost.crypto.keys import P256, PrivateKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.repo import InvalidCommit
from roost.repo.commit import parse, sign, verify
from roost.syntax import Tid
from support.repos import DID, KEY
from support.values import damaged

EMPTY_TREE = Cid.parse("bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm")
REV = Tid.parse("3ke6kg3wk2222")
UNSIGNED: dict[str, Value] = {"did": DID, "version": 3, "data": EMPTY_TREE, "rev": REV, "prev": None}
COMMIT = sign(DID, data=EMPTY_TREE, rev=REV, key=KEY)
OTHER_KEY = PrivateKey.from_bytes(bytes(31) + b"\x02")


def fields(**changed: Value) -> dict[str, Value]:
    """Return the fields of a good commit, but for some."""
    return {**UNSIGNED, "sig": COMMIT.sig, **changed}


def test_what_is_signed_is_the_published_value() -> None:
    """The object without its signature has the worked bytes and hash, and is what the key has signed."""
    unsigned = cbor.encode(UNSIGNED)

    assert (unsigned[:6], unsigned[-9:]) == (b"\xa5cdid\x78", b"\x67version\x03")
    assert sha256(unsigned).hexdigest() == "68d87168608569638fa19973ec91116a0155fbeb7d474d3d4bca3a70031c82fe"
    assert KEY.public.verify(COMMIT.sig, unsigned)


def test_the_block_is_the_canonical_encoding() -> None:
    """The commit's block is the DAG-CBOR of its six fields, and its CID that block's."""
    assert COMMIT.block == cbor.encode(fields())
    assert COMMIT.cid == Cid.of_cbor(COMMIT.block)


@pytest.mark.parametrize("key", [KEY, PrivateKey.generate(P256)], ids=["K-256", "P-256"])
def test_a_commit_reads_back(key: PrivateKey) -> None:
    """What was signed parses to itself and verifies under the key that signed, of either curve, and under no other."""
    made = sign(DID, data=EMPTY_TREE, rev=REV, key=key)

    read = parse(made.block)

    assert read == made
    verify(read, key.public)
    with pytest.raises(InvalidCommit, match="was not made by did:key"):
        verify(read, OTHER_KEY.public)


def test_the_other_half_of_a_signature_is_refused() -> None:
    """Anybody can turn a signature over to its high S; a commit has one valid form only."""
    order = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141
    high = COMMIT.sig[:32] + (order - int.from_bytes(COMMIT.sig[32:])).to_bytes(32)

    with pytest.raises(InvalidCommit):
        verify(parse(cbor.encode(fields(sig=high))), KEY.public)


def test_a_commit_with_a_prev_verifies() -> None:
    """Old commits link to the one before; the link is part of what was signed."""
    prev = Cid.of_cbor(b"\xa0")
    sig = KEY.sign(cbor.encode({**UNSIGNED, "prev": prev}))

    verify(parse(cbor.encode(fields(prev=prev, sig=sig))), KEY.public)
    with pytest.raises(InvalidCommit):
        verify(parse(cbor.encode(fields(sig=sig))), KEY.public)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        (UNSIGNED, "exactly the fields"),
        (fields(more=1), "exactly the fields"),
        ([1], "exactly the fields"),
        (fields(version=2), "version is not 3"),
        (fields(version=True), "version is not 3"),
        (fields(data=None), "data is a link"),
        (fields(data=str(EMPTY_TREE)), "data is a link"),
        (fields(prev=str(EMPTY_TREE)), "its prev a link or null"),
        (fields(sig="AAAA"), "sig is a byte string"),
        (fields(sig=EMPTY_TREE), "sig is a byte string"),
        (fields(did="alice.test"), "did or rev is malformed"),
        (fields(rev="2026-01-01"), "did or rev is malformed"),
    ],
)
def test_what_is_not_a_commit_is_refused_by_name(value: Value, why: str) -> None:
    """Each field has one type, and none is missing or too many."""
    with pytest.raises(InvalidCommit, match=why):
        parse(cbor.encode(value))


@settings(max_examples=200)
@given(damaged(st.just(COMMIT.block)))
def test_a_damaged_commit_is_refused_by_name(block: bytes) -> None:
    """A commit whose bytes were changed either does not parse or does not verify, unless it is the very same."""
    try:
        commit = parse(block)
        verify(commit, KEY.public)
    except InvalidCommit:
        return
    assert commit.block == COMMIT.block
