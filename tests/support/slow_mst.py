"""The tree built the slow, obvious way, from the sorted keys alone: the oracle for the fast operations."""

from collections.abc import Mapping
from hashlib import sha256
from itertools import pairwise

from roost.data import cbor
from roost.data.cid import Cid
from roost.data.value import Value


def layer(key: bytes) -> int:
    """Count the pairs of leading zero bits of the key's hash, one bit at a time."""
    bits = "".join(f"{byte:08b}" for byte in sha256(key).digest())
    zeros = len(bits) - len(bits.lstrip("0"))
    return zeros // 2


def build(leaves: Mapping[bytes, Cid]) -> tuple[Cid, dict[Cid, bytes]]:
    """Return the root and all blocks of the tree that holds exactly `leaves`."""
    blocks: dict[Cid, bytes] = {}
    keys = sorted(leaves)
    top = max((layer(key) for key in keys), default=0)
    return _node(keys, leaves, top, blocks), blocks


def _node(keys: list[bytes], leaves: Mapping[bytes, Cid], at: int, blocks: dict[Cid, bytes]) -> Cid:
    own = [key for key in keys if layer(key) == at]
    bounds = [None, *own, None]
    gaps = [
        [key for key in keys if (low is None or low < key) and (high is None or key < high)]
        for low, high in pairwise(bounds)
    ]
    kids = [_node(gap, leaves, at - 1, blocks) if gap else None for gap in gaps]
    entries: list[Value] = []
    before = b""
    for key, kid in zip(own, kids[1:], strict=True):
        shared = 0
        while shared < min(len(before), len(key)) and before[shared] == key[shared]:
            shared += 1
        entries.append({"p": shared, "k": key[shared:], "v": leaves[key], "t": kid})
        before = key
    block = cbor.encode({"e": entries, "l": kids[0]})
    cid = Cid.of_cbor(block)
    blocks[cid] = block
    return cid
