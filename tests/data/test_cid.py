"""CIDs: one binary form, one text, and nothing else."""

from hashlib import sha256

import pytest
from hypothesis import given

from roost.data.cid import DAG_CBOR, RAW, Cid, is_cid_text
from roost.data.errors import InvalidCid
from support.interop import text_vectors
from support.values import CIDS

_EMPTY_NODE = "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"
_HELLO = "bafkreifzjut3te2nhyekklss27nh3k72ysco7y32koao5eei66wof36n5e"


def test_the_name_of_a_block() -> None:
    """The empty tree node has the published CID."""
    assert str(Cid.of_cbor(bytes.fromhex("a2616580616cf6"))) == _EMPTY_NODE


def test_the_name_of_a_blob() -> None:
    """A blob's CID has the raw codec, whether its bytes are at hand or only their hash."""
    cid = Cid.of_raw(b"hello world")

    assert str(cid) == _HELLO
    assert cid == Cid.of_raw_digest(sha256(b"hello world").digest())


@given(CIDS)
def test_every_form_gives_the_cid_back(cid: Cid) -> None:
    """Text and bytes both lead back to the CID they came from."""
    assert Cid.parse(str(cid)) == cid
    assert Cid.from_bytes(bytes(cid)) == cid


def test_its_parts() -> None:
    """A CID says how the named bytes are encoded, and their hash."""
    node = Cid.parse(_EMPTY_NODE)

    assert (node.codec, Cid.parse(_HELLO).codec) == (DAG_CBOR, RAW)
    assert node.digest == sha256(bytes.fromhex("a2616580616cf6")).digest()


def test_it_knows_the_bytes_it_names() -> None:
    """The check that every reader of foreign blocks makes."""
    cid = Cid.of_cbor(b"\xf6")

    assert cid.names(b"\xf6")
    assert not cid.names(b"\xf5")


def test_its_repr_is_readable() -> None:
    """A failing test shows the text, not 36 escaped bytes."""
    assert repr(Cid.parse(_HELLO)) == f"Cid('{_HELLO}')"


@pytest.mark.parametrize(
    "text",
    [
        _HELLO.upper(),
        "B" + _HELLO[1:].upper(),
        _HELLO[1:],
        _HELLO[:-1],
        _HELLO + "a",
        _HELLO + "aa",
        _HELLO + "=",
        _HELLO + "\n",
        " " + _HELLO,
        _HELLO[:-1] + "f",  # the same bytes, with stray bits after the last of them
        "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi",  # another codec
        "zdj7WWeQ43G6JJvLWQWZpyHuAMq6uYWRjkBXFad11vE2LHhQ7",  # another base
        "QmbWqxBEKC3P8tqsKc98xmWNzrzDtRLMiMPL8wBuTGsMnR",  # version 0
        "",
        "b",
        "\ud800",
        "bafk\N{SNOWMAN}",
        b"bafk",
        None,
        7,
    ],
)
def test_everything_else_is_refused(text: object) -> None:
    """A link has one spelling, so that equal records have equal bytes."""
    with pytest.raises(InvalidCid):
        Cid.parse(text)


@pytest.mark.parametrize("raw", ["", "01", "00" * 36, "01711220", "01701220" + "00" * 32, "01711220" + "00" * 33])
def test_other_bytes_are_refused(raw: str) -> None:
    """Only version 1, dag-cbor or raw, SHA-256, and 36 bytes."""
    with pytest.raises(InvalidCid):
        Cid.from_bytes(bytes.fromhex(raw))


def test_valid_vectors_of_the_string_format() -> None:
    """A lexicon's `cid` string may be of any base, codec and hash."""
    vectors = text_vectors("syntax/cid_syntax_valid.txt")

    assert [v for v in vectors if is_cid_text(v)] == vectors


def test_invalid_vectors_of_the_string_format() -> None:
    """What the protocol calls an invalid CID string is none."""
    assert [v for v in text_vectors("syntax/cid_syntax_invalid.txt") if is_cid_text(v)] == []


def test_only_text_is_a_cid_string() -> None:
    """Asking about other values is allowed, and answered."""
    assert not is_cid_text(None)
    assert not is_cid_text(_HELLO + "\n")
