"""Which requests can share a commit. What comes of it is tested with the repositories."""

import pytest
from msgspec import UNSET

from roost.data.cid import Cid
from roost.repo import MAX_OPS
from roost.services.asked import MAX_SHARED_BYTES, Asked, check_distinct, sharing
from roost.services.errors import InvalidRequest
from roost.services.indexes import MAX_BLOBS
from roost.services.references import BlobRef, Pointers
from roost.services.writes import Removal, Write

SOME = Cid.of_cbor(b"\xa0")


def put(path: str, *, size: int = 100, blobs: int = 0, supplants: bool = False) -> Write:
    """Return a write that claims to have that many bytes and references."""
    refs = tuple(BlobRef(Cid.of_raw(b"%d" % n), "image/png", 1) for n in range(blobs))
    return Write("put", path, SOME, bytes(size), b"{}", UNSET, None, Pointers(refs, None), supplants)


def asked(*writes: Write | Removal, swap: Cid | None = None) -> Asked:
    """Return a request for these."""
    return Asked(writes, swap)


def shared(*requests: Asked) -> int:
    """Return how many of them share the first commit."""
    return len(sharing(requests))


def test_what_has_nothing_to_do_with_one_another_shares() -> None:
    """However many writes each has."""
    assert shared(asked(put("c/1")), asked(put("c/2"), Removal("c/3")), asked(Removal("c/4"))) == 3


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(asked(Removal("c/1")), id="writes the same record"),
        pytest.param(asked(put("c/2"), swap=SOME), id="wants the repository to be at a commit"),
        pytest.param(asked(put("c/2", supplants=True)), id="takes the place of others"),
        pytest.param(asked(*[put(f"d/{n}") for n in range(MAX_OPS)]), id="is more than one event can tell"),
        pytest.param(asked(put("c/2", size=MAX_SHARED_BYTES)), id="is too large beside others"),
        pytest.param(asked(put("c/2", blobs=MAX_BLOBS)), id="refers to too much beside others"),
    ],
)
def test_what_does_not_share(other: Asked) -> None:
    """Neither as the first, which is then alone, nor after another; those after it wait as well."""
    before = asked(put("c/1", blobs=1))
    after = asked(put("c/9", blobs=1))

    assert shared(before, other, after) == 1
    assert shared(other, before if other.alone else asked(put("c/1"), *other.writes), after) == 1
    assert shared(other) == 1


def test_a_record_is_written_once_in_a_request() -> None:
    """The message counts from nothing, and names the record."""
    check_distinct([put("c/1"), Removal("c/2")])

    with pytest.raises(InvalidRequest, match=r"^Write 2 is the second to c/1: "):
        check_distinct([put("c/1"), put("c/2"), Removal("c/1")])
