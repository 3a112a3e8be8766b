"""A second opinion on a repository: the specification in plain code on other people's libraries, with nothing of Roost.

`libipld` decodes, `atproto` reads the CAR, `cryptography` checks the signature. It fails with an AssertionError at
the first thing that is wrong. Slow and obvious on purpose.
"""

import base64
import json
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import base58
import libipld
from atproto import CAR
from atproto_crypto.verify import verify_signature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

# Any, here and below: libipld gives a value of the data model as whatever Python value it is.
Decoded = dict[str, Any]

HALF_ORDER = 0xFFFFFFFF_FFFFFFFF_FFFFFFFF_FFFFFFFE_BAAEDCE6_AF48A03B_BFD25E8C_D0364141 // 2


@dataclass(frozen=True)
class PlainRepo:
    """A repository as read: its commit's fields, and the CID text and value of the record at every path."""

    commit: Decoded
    cid: str
    records: dict[str, tuple[str, Decoded]]
    order: list[str]
    nodes: int


def signing_key(plc_url: str, did: str) -> str:
    """Return the multibase form of the account's signing key, as the PLC directory gives it."""
    with urllib.request.urlopen(f"{plc_url}/{did}", timeout=10) as answer:
        document = json.load(answer)
    assert document["id"] == did
    (method,) = [each for each in document["verificationMethod"] if each["id"] == f"{did}#atproto"]
    assert (method["type"], method["controller"]) == ("Multikey", did)
    key: str = method["publicKeyMultibase"]
    return key


def verified(data: bytes, did: str, multikey: str) -> PlainRepo:
    """Return the repository in a CAR, with every block, the whole tree and the signature checked."""
    root, blocks, order = _blocks(data)
    commit = libipld.decode_dag_cbor(blocks[root])
    assert commit.keys() == {"did", "version", "data", "rev", "prev", "sig"}
    assert (commit["did"], commit["version"], commit["prev"]) == (did, 3, None)
    check_signature(commit, multikey)
    walk = _Walk(blocks)
    leaves = list(walk.tree(commit["data"]))
    keys = [key for key, _ in leaves]
    assert keys == sorted(set(keys)), "keys are in order, and each is there once"
    used = {root, *walk.seen, *(value for _, value in leaves)}
    assert used == blocks.keys(), "the CAR holds what the commit reaches, and nothing else"
    records = {
        key.decode("ascii"): (libipld.encode_cid(value), libipld.decode_dag_cbor(blocks[value]))
        for key, value in leaves
    }
    assert all(isinstance(value, dict) for _, value in records.values())
    _same_as_atproto(data, root, blocks)
    return PlainRepo(commit, libipld.encode_cid(root), records, order, len(walk.seen))


def check_signature(commit: Decoded, multikey: str) -> None:
    """Check that a K-256 key has signed the commit, with `cryptography` and with `atproto`'s own check."""
    unsigned = libipld.encode_dag_cbor({name: value for name, value in commit.items() if name != "sig"})
    sig = commit["sig"]
    assert len(sig) == 64
    r, s = int.from_bytes(sig[:32]), int.from_bytes(sig[32:])
    assert s <= HALF_ORDER, "the signature is low-S"
    assert multikey.startswith("z")
    raw = base58.b58decode(multikey[1:])
    assert raw[:2] == b"\xe7\x01", "the key is a K-256 key"
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256K1(), raw[2:])
    public.verify(encode_dss_signature(r, s), unsigned, ec.ECDSA(hashes.SHA256()))
    assert verify_signature(f"did:key:{multikey}", unsigned, sig)


def _blocks(data: bytes) -> tuple[bytes, dict[bytes, bytes], list[str]]:
    """Return root and blocks of a CAR, each block checked against its CID, and the CIDs in the order of the file."""
    size, at = _varint(data, 0)
    header = libipld.decode_dag_cbor(data[at : at + size])
    assert (header["version"], len(header["roots"])) == (1, 1)
    at += size
    blocks: dict[bytes, bytes] = {}
    order: list[str] = []
    while at < len(data):
        size, at = _varint(data, at)
        cid, block = data[at : at + 36], data[at + 36 : at + size]
        assert len(block) == size - 36, "the CAR is not cut off"
        assert cid == b"\x01\x71\x12\x20" + sha256(block).digest(), "the block is the one that its CID names"
        blocks[cid] = block
        order.append(libipld.encode_cid(cid))
        at += size
    return header["roots"][0], blocks, order


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 0x7F) << shift
        shift += 7
        at += 1
        if data[at - 1] < 0x80:
            return value, at


class _Walk:
    """A walk through the tree that checks every rule of its one canonical form."""

    def __init__(self, blocks: dict[bytes, bytes]) -> None:
        self.blocks = blocks
        self.seen: set[bytes] = set()

    def tree(self, root: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Yield the keys and values below the root, in their order."""
        node = libipld.decode_dag_cbor(self.blocks[root])
        if not node["e"]:
            assert node == {"l": None, "e": []}, "a root without entries is the empty tree"
            self.seen.add(root)
            return
        yield from self.node(root, layer_of(node["e"][0]["k"]))

    def node(self, cid: bytes, layer: int) -> Iterator[tuple[bytes, bytes]]:
        """Yield the keys and values of a subtree that hangs at a layer."""
        assert cid not in self.seen, "no node stands in the tree twice"
        self.seen.add(cid)
        assert layer >= 0, "nothing is below the lowest layer"
        node = libipld.decode_dag_cbor(self.blocks[cid])
        assert node.keys() == {"l", "e"}
        assert node["e"] or node["l"], "no node is empty"
        if node["l"] is not None:
            yield from self.node(node["l"], layer - 1)
        before = b""
        for entry in node["e"]:
            assert entry.keys() == {"p", "k", "v", "t"}
            key = before[: entry["p"]] + entry["k"]
            assert entry["p"] == shared(before, key), "prefixes are compressed as far as they go"
            assert layer_of(key) == layer, "each key is at its own layer"
            yield key, entry["v"]
            if entry["t"] is not None:
                yield from self.node(entry["t"], layer - 1)
            before = key


def layer_of(key: bytes) -> int:
    """Count the pairs of zero bits that the key's hash begins with."""
    bits = "".join(f"{byte:08b}" for byte in sha256(key).digest())
    return (len(bits) - len(bits.lstrip("0"))) // 2


def shared(a: bytes, b: bytes) -> int:
    """Count the bytes that both begin with."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


def _same_as_atproto(data: bytes, root: bytes, blocks: dict[bytes, bytes]) -> None:
    """Check that `atproto`'s own reader finds the same root and the same blocks."""
    read = CAR.from_bytes(data)
    assert read.root.encode() == libipld.encode_cid(root)
    assert {cid.encode() for cid in read.blocks} == {libipld.encode_cid(cid) for cid in blocks}


def from_json(value: object) -> object:
    """Return a value in the specification's JSON form as libipld decodes it: links and bytes both are bytes to it."""
    if isinstance(value, list):
        return [from_json(each) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"$link"}:
        return _cid_bytes(value["$link"])
    if value.keys() == {"$bytes"}:
        return base64.b64decode(value["$bytes"] + "==")
    return {name: from_json(each) for name, each in value.items()}


def _cid_bytes(text: str) -> bytes:
    """Return the binary form of a CID: base32 in lower case behind its `b`."""
    return base64.b32decode(text[1:].upper() + "=" * (-(len(text) - 1) % 8))
