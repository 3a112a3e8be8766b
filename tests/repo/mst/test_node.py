"""Nodes: layers, shared prefixes and the one encoding, against published vectors."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from roost.repo import mst
from roost.repo.errors import InvalidNode
from roost.repo.mst.node import common_prefix
from support import slow_mst
from support.interop import interop
from support.trees import KEYS, LEAF, ROOTS, key


def test_layers_are_the_published_ones() -> None:
    """A key's layer is the published number of zero bit pairs."""
    vectors = json.loads(interop("mst/key_heights.json").read_bytes())

    assert [mst.layer_of(v["key"].encode()) for v in vectors] == [v["height"] for v in vectors]


def test_example_keys_stand_on_their_layers() -> None:
    """The example keys, named for their layer, live there."""
    keys = interop("mst/example_keys.txt").read_text().split()

    assert [mst.layer_of(k.encode()) for k in keys] == [int(k[1]) for k in keys]


def test_common_prefixes_are_the_published_ones() -> None:
    """Shared prefixes are counted in bytes, as published."""
    vectors = json.loads(interop("mst/common_prefix.json").read_bytes())

    assert [common_prefix(v["left"].encode(), v["right"].encode()) for v in vectors] == [v["len"] for v in vectors]


@settings(max_examples=100, deadline=None)
@given(st.sets(KEYS, max_size=30))
def test_nodes_round_trip(keys: set[bytes]) -> None:
    """Every node of a rebuilt tree decodes to what encodes to the same bytes."""
    _, blocks = slow_mst.build(dict.fromkeys(keys, LEAF))

    assert [mst.encode(mst.decode(block)) for block in blocks.values()] == list(blocks.values())


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_nodes_are_refused_by_name(data: st.DataObject) -> None:
    """A node with any byte changed, cut or added is another canonical node or an InvalidNode."""
    _, blocks = slow_mst.build(dict.fromkeys([key(s) for s in ROOTS[7][0].split()], LEAF))
    block = bytearray(data.draw(st.sampled_from(list(blocks.values()))))
    at = data.draw(st.integers(0, len(block) - 1))
    match data.draw(st.sampled_from(["change", "cut", "add"])):
        case "change":
            block[at] = data.draw(st.integers(0, 255))
        case "cut":
            del block[at:]
        case _:
            block.insert(at, data.draw(st.integers(0, 255)))

    try:
        node = mst.decode(bytes(block))
    except InvalidNode:
        return
    assert mst.encode(node) == block
