"""Judging CARs from anywhere."""

import pytest

from roost.data import car, cbor
from roost.services import inspection
from roost.services.errors import InvalidRequest
from support.repos import KEY, filled


def test_reading_tells_of_each_block() -> None:
    """Whoever waits sees the blocks go by, however the file is cut into pieces."""
    data = filled(10).export()
    sizes: list[int] = []

    backup = inspection.read((data[i : i + 7] for i in range(0, len(data), 7)), on_block=sizes.append)

    assert len(sizes) == len(backup.blocks)
    assert sum(sizes) == sum(map(len, backup.blocks.values()))
    assert backup.owner == filled(0).did


def test_damage_does_not_stop_the_reading() -> None:
    """After a block that is not what its CID says, the rest is read."""
    repo = filled(10)
    assert repo.head is not None
    blocks = repo.blocks()
    bad = next(cid for cid, _ in repo.records.values())
    data = car.header(repo.head.cid) + b"".join(
        car.frame(cid, b"\xa0" if cid == bad else block) for cid, block in blocks.items()
    )

    backup = inspection.read([data])

    assert backup.blocks.keys() == blocks.keys() - {bad}
    assert len(backup.damage) == 1
    assert len(backup.judge(KEY.public).problems) == 2


def test_several_roots_are_a_problem() -> None:
    """A repository has one commit; a file with more is judged by its first."""
    repo = filled(1)
    assert repo.head is not None
    header = cbor.encode({"roots": [repo.head.cid, repo.head.data], "version": 1})
    blocks = b"".join(car.frame(cid, block) for cid, block in repo.blocks().items())

    report = inspection.read([car.varint(len(header)) + header + blocks]).judge(KEY.public)

    assert report.problems == ("the file names 2 roots, not one; this is about the first",)


def test_a_key_has_to_be_one() -> None:
    """What is not a did:key is refused in words."""
    assert inspection.key_from(KEY.public.did_key) == KEY.public
    with pytest.raises(InvalidRequest, match=r"not a did:key"):
        inspection.key_from("zQ3sh")
