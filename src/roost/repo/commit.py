"""The signed commit, version 3: the one object that vouches for a whole repository (repository specification, "Commit
objects").
"""

from typing import Final

import msgspec

from roost.crypto.keys import PrivateKey, PublicKey
from roost.data import cbor
from roost.data.cid import Cid
from roost.data.errors import InvalidCbor
from roost.repo.errors import InvalidCommit
from roost.syntax import Did, InvalidSyntax, Tid

VERSION: Final = 3

_FIELDS: Final = {"did", "version", "data", "rev", "prev", "sig"}


class Commit(msgspec.Struct, frozen=True):
    """A signed commit: `block` is its DAG-CBOR and `cid` that block's CID."""

    did: Did
    rev: Tid
    data: Cid
    prev: Cid | None
    sig: bytes
    cid: Cid
    block: bytes


def sign(did: Did, *, data: Cid, rev: Tid, key: PrivateKey) -> Commit:
    """Return the commit that makes the tree at `data` the repository's state at `rev`."""
    did_and_rev, rest = _halves(did, rev, data, None)
    sig = key.sign(b"\xa5" + did_and_rev + rest)
    block = b"\xa6" + did_and_rev + b"csig\x58\x40" + sig + rest
    return Commit(did, rev, data, None, sig, Cid.of_cbor(block), block)


def verify(commit: Commit, key: PublicKey) -> None:
    """Raise InvalidCommit unless `key` made the commit's signature, in its low-S form."""
    did_and_rev, rest = _halves(commit.did, commit.rev, commit.data, commit.prev)
    if not key.verify(commit.sig, b"\xa5" + did_and_rev + rest):
        raise InvalidCommit(f"the commit's signature was not made by {key.did_key}")


def _halves(did: Did, rev: Tid, data: Cid, prev: Cid | None) -> tuple[bytes, bytes]:
    """Return what stands before and after `sig` in the one canonical order of the fields: by length, then by bytes."""
    before = b"cdid" + cbor.text(did) + b"crev" + cbor.text(rev)
    link = b"\xf6" if prev is None else cbor.LINK + prev
    return before, b"ddata" + cbor.LINK + data + b"dprev" + link + b"gversion" + bytes((VERSION,))


def parse(block: bytes) -> Commit:
    """Return the commit that `block` encodes; its signature is not looked at. Raises InvalidCommit."""
    try:
        value = cbor.decode(block)
    except InvalidCbor as error:
        raise InvalidCommit(f"the commit is not DAG-CBOR: {error}") from None
    if not isinstance(value, dict) or value.keys() != _FIELDS:
        raise InvalidCommit(f"a commit has exactly the fields {', '.join(sorted(_FIELDS))}")
    if value["version"] != VERSION or isinstance(value["version"], bool):
        raise InvalidCommit(f"the commit's version is not {VERSION}")
    data, prev, sig = value["data"], value["prev"], value["sig"]
    if not isinstance(data, Cid) or not (prev is None or isinstance(prev, Cid)):
        raise InvalidCommit("the commit's data is a link, and its prev a link or null")
    if not isinstance(sig, bytes) or isinstance(sig, Cid):
        raise InvalidCommit("the commit's sig is a byte string")
    try:
        did, rev = Did.parse(value["did"]), Tid.parse(value["rev"])
    except InvalidSyntax as error:
        raise InvalidCommit(f"the commit's did or rev is malformed: {error}") from None
    return Commit(did, rev, data, prev, sig, Cid.of_cbor(block), block)
