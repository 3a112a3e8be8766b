"""Blobs and what refers to them, on both engines."""

import pytest

from roost.data.cid import Cid
from roost.storage import Database, Tx, blobs, doomed
from roost.storage.blobs import Blob
from support.tables import rev

pytestmark = pytest.mark.anyio

A, B, C = sorted(Cid.of_raw(text) for text in (b"a", b"b", b"c"))


def add(tx: Tx, account: int, *cids: Cid, now: int = 1) -> None:
    """Add blobs of ten bytes, each the object that its CID names."""
    for cid in cids:
        blobs.add(tx, account, cid, mime_type="image/png", size=10, object=f"{account}{cid!s}", now=now)


async def test_a_blob_is_temporary_until_a_record_refers_to_it(tables: Database) -> None:
    """Each account has its own."""

    def work(tx: Tx) -> list[Blob | None]:
        add(tx, 1, A)
        add(tx, 2, A)
        blobs.refer(tx, 1, "a.b.c/1", rev(1), [A, A])
        return [blobs.get(tx, 1, A), blobs.get(tx, 2, A), blobs.get(tx, 1, B)]

    assert await tables.write(work) == [
        Blob(A, "image/png", 10, f"1{A!s}", None),
        Blob(A, "image/png", 10, f"2{A!s}", 1),
        None,
    ]


async def test_the_last_reference_takes_the_blob_along(tables: Database) -> None:
    """Its object is due at once, and its bytes no longer count; another account's stays."""

    def work(tx: Tx) -> tuple[object, ...]:
        for account in (1, 2):
            add(tx, account, A, B)
            blobs.refer(tx, account, "a.b.c/1", rev(1), [A, B])
            blobs.refer(tx, account, "a.b.c/2", rev(2), [A])
        gone = blobs.unrefer(tx, 1, ["a.b.c/1", "a.b.c/9"])
        dropped = blobs.drop_unreferenced(tx, 1, gone, 7)
        return gone, dropped, blobs.usage(tx, 1), blobs.usage(tx, 2), doomed.due(tx, 7, 10), blobs.get(tx, 1, B)

    assert await tables.write(work) == ({A, B}, 1, 10, 20, [f"1{B!s}"], None)


async def test_what_was_taken_down_outlives_its_last_reference(tables: Database) -> None:
    """It cannot be uploaded anew; and it is not collected."""

    def work(tx: Tx) -> tuple[object, ...]:
        add(tx, 1, A)
        blobs.refer(tx, 1, "a.b.c/1", rev(1), [A])
        found = blobs.set_takedown(tx, 1, A, "why"), blobs.set_takedown(tx, 1, B, "why")
        blobs.drop_unreferenced(tx, 1, blobs.unrefer(tx, 1, ["a.b.c/1"]), 7)
        held = blobs.get(tx, 1, A), blobs.forgotten(tx, 100, 10)
        blobs.set_takedown(tx, 1, A, None)
        return found, held, len(blobs.forgotten(tx, 100, 10))

    assert await tables.write(work) == (
        (True, False),
        (Blob(A, "image/png", 10, f"1{A!s}", 7, "why"), []),
        1,
    )


async def test_what_is_expected_is_missing_until_it_comes(tables: Database) -> None:
    """A blob that is here already is simply referred to."""

    def work(tx: Tx) -> tuple[object, ...]:
        add(tx, 1, A)
        for path in ("a.b.c/2", "a.b.c/1"):
            blobs.expect(tx, 1, path, rev(1), [A, B, C])
        before = blobs.missing(tx, 1, None, 10), blobs.missing(tx, 1, B, 10), blobs.missing(tx, 1, None, 1)
        counts = blobs.counts(tx, 1)
        blobs.fill(tx, 1, B, mime_type="image/png", size=5, object="b")
        return (
            before,
            counts,
            blobs.counts(tx, 1),
            blobs.missing(tx, 1, None, 10),
            blobs.usage(tx, 1),
            blobs.get(tx, 1, B),
        )

    assert await tables.write(work) == (
        ([(B, "a.b.c/1"), (C, "a.b.c/1")], [(C, "a.b.c/1")], [(B, "a.b.c/1")]),
        (3, 1),
        (3, 2),
        [(C, "a.b.c/1")],
        15,
        Blob(B, "image/png", 5, "b", None),
    )


async def test_a_missing_blob_that_nothing_refers_to_is_forgotten(tables: Database) -> None:
    """No object has to go for it."""

    def work(tx: Tx) -> tuple[object, ...]:
        blobs.expect(tx, 1, "a.b.c/1", rev(1), [A])
        dropped = blobs.drop_unreferenced(tx, 1, blobs.unrefer(tx, 1, ["a.b.c/1"]), 7)
        return dropped, blobs.get(tx, 1, A), blobs.usage(tx, 1), doomed.due(tx, 100, 10)

    assert await tables.write(work) == (0, None, 0, [])


async def test_an_upload_repeated_renews_what_is_temporary(tables: Database) -> None:
    """And changes nothing of a blob that a record refers to."""

    def work(tx: Tx) -> list[Blob | None]:
        add(tx, 1, A, B)
        blobs.refer(tx, 1, "a.b.c/1", rev(1), [B])
        for cid in (A, B):
            blobs.renew(tx, 1, cid, mime_type="text/plain", now=9)
        return [blobs.get(tx, 1, A), blobs.get(tx, 1, B)]

    assert await tables.write(work) == [
        Blob(A, "text/plain", 10, f"1{A!s}", 9),
        Blob(B, "image/png", 10, f"1{B!s}", None),
    ]


async def test_what_is_referred_to_is_listed_by_cid(tables: Database) -> None:
    """Missing ones too, temporary ones not; after a cursor, and of commits after a rev."""

    def work(tx: Tx) -> list[list[Cid]]:
        add(tx, 1, A, C)
        blobs.refer(tx, 1, "a.b.c/1", rev(1), [A])
        blobs.expect(tx, 1, "a.b.c/2", rev(2), [A, B])
        return [
            blobs.referenced(tx, 1, None, None, 10),
            blobs.referenced(tx, 1, A, None, 10),
            blobs.referenced(tx, 1, None, None, 1),
            blobs.referenced(tx, 1, None, rev(1), 10),
            blobs.referenced(tx, 1, A, rev(1), 10),
            blobs.referenced(tx, 1, None, rev(2), 10),
            blobs.referenced(tx, 2, None, None, 10),
        ]

    assert await tables.write(work) == [[A, B], [B], [A], [A, B], [B], [], []]


async def test_all_blobs_are_read_in_pages(tables: Database) -> None:
    """Of one account or of all, each once."""

    def work(tx: Tx) -> list[tuple[int, list[tuple[int, Cid]]]]:
        add(tx, 1, A, B, C)
        add(tx, 2, A)
        found = []
        for account in (None, 1, 2):
            seen: list[tuple[int, Cid]] = []
            after = (0, b"")
            while page := blobs.page(tx, account, after, 2):
                seen += [(owner, blob.cid) for owner, blob in page]
                after = (page[-1][0], bytes(page[-1][1].cid))
            found.append((blobs.total(tx, account), seen))
        return found

    assert await tables.write(work) == [
        (40, [(1, A), (1, B), (1, C), (2, A)]),
        (30, [(1, A), (1, B), (1, C)]),
        (10, [(2, A)]),
    ]


async def test_an_object_is_known_by_its_blob_or_by_its_end(tables: Database) -> None:
    """Any other is nobody's."""

    def work(tx: Tx) -> list[bool]:
        add(tx, 1, A)
        doomed.add(tx, "doomed", due=5)
        return [blobs.has_object(tx, name) for name in (f"1{A!s}", "doomed", "other")]

    assert await tables.write(work) == [True, True, False]
    assert await tables.read(lambda tx: blobs.total(tx, None)) == 10
