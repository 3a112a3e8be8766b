"""CARs kept in a file, block by block."""

from pathlib import Path

import pytest

from roost.data import car
from roost.data.cid import Cid
from roost.data.errors import BlockHashMismatch, TruncatedCar
from roost.services.spool import Spool

BLOCKS = {Cid.of_cbor(block): block for block in (b"%d" % n * (n % 50) for n in range(2000))}
ROOT = next(iter(BLOCKS))
FILE = car.header(ROOT) + b"".join(car.frame(cid, block) for cid, block in BLOCKS.items())


def test_every_block_is_found_again(tmp_path: Path) -> None:
    """By its name, however the file came; what was not in it is not found."""
    spool = Spool(tmp_path)
    for at in range(0, len(FILE), 777):
        spool.write(FILE[at : at + 777])

    assert spool.finish() == (ROOT,)
    assert {cid: spool.get(cid) for cid in BLOCKS} == BLOCKS
    assert spool.get(Cid.of_cbor(b"another")) is None
    assert (spool.size, spool.blocks) == (len(FILE), len(BLOCKS))
    spool.close()


def test_what_nobody_asks_for_is_counted(tmp_path: Path) -> None:
    """In blocks and in bytes; the second of two that are the same is not counted, if the first was asked for."""
    spool = Spool(tmp_path)
    spool.write(FILE + car.frame(ROOT, BLOCKS[ROOT]))
    asked = list(BLOCKS)[:1500]

    for cid in (*asked, asked[0]):
        assert spool.get(cid) == BLOCKS[cid]

    rest = list(BLOCKS)[1500:]
    assert spool.strays() == (len(rest), sum(len(BLOCKS[cid]) for cid in rest))
    spool.close()


def test_a_name_that_begins_like_another_is_not_it(tmp_path: Path) -> None:
    """Eight bytes of a digest can be made to agree."""
    spool = Spool(tmp_path)
    spool.write(FILE)

    assert spool.get(Cid(ROOT[:20] + bytes(16))) is None
    assert spool.get(Cid.of_raw(BLOCKS[ROOT])) is None
    spool.close()


def test_it_leaves_nothing_behind(tmp_path: Path) -> None:
    """The file has no name from the beginning, so a crash cannot leave it either."""
    spool = Spool(tmp_path)
    spool.write(FILE)

    assert list(tmp_path.iterdir()) == []
    spool.close()


def test_lies_are_found_while_they_come(tmp_path: Path) -> None:
    """A wrong block at once, a missing end at the end."""
    spool = Spool(tmp_path)
    spool.write(car.header(ROOT))

    with pytest.raises(BlockHashMismatch):
        spool.write(car.frame(ROOT, b"a lie"))
    short = Spool(tmp_path)
    short.write(FILE[:-1])
    with pytest.raises(TruncatedCar):
        short.finish()
    spool.close()
    short.close()
