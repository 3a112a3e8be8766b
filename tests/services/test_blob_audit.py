"""Judging what is stored of blobs."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Literal

import pytest

from roost.data.cid import Cid
from roost.services.blob_audit import BlobAudit, Problem
from roost.storage import blobs, doomed
from roost.storage.accounts import Account
from roost.storage.objects import Directory, new_name, path_of
from support.house import House

pytestmark = pytest.mark.anyio


@pytest.fixture
async def directory(tmp_path: Path) -> AsyncIterator[Directory]:
    """Where the objects are."""
    directory = Directory(tmp_path / "blobs")
    yield directory
    await directory.close()


async def stored(house: House, directory: Directory, account: Account, data: bytes) -> str:
    """Store a blob and return its object."""
    name = new_name()
    async with directory.spool.file() as file:
        await file.write(data)
        await directory.put(name, file.path)
    await house.db.write(
        lambda tx: blobs.add(tx, account.id, Cid.of_raw(data), mime_type="a/b", size=len(data), object=name, now=1)
    )
    return name


async def judged(house: House, directory: Directory, account: Account | None = None) -> tuple[list[Problem], list[int]]:
    """Return the problems, and the sizes that were read."""
    sizes: list[int] = []
    audit = BlobAudit(house.db, directory)
    found = [each async for each in audit.problems(None if account is None else account.id, sizes.append)]
    assert sum(sizes) == await audit.total(None if account is None else account.id)
    return sorted(found, key=lambda each: each.kind), sizes


async def test_what_is_whole_has_no_problems(house: House, directory: Directory) -> None:
    """Nor has what is missing because nobody has uploaded it yet."""
    alice = await house.account()
    for n in range(3):
        await stored(house, directory, alice, b"x" * n)
    await house.db.write(lambda tx: blobs.expect(tx, alice.id, "a.b.c/1", house.minter.mint(), [Cid.of_raw(b"later")]))

    problems, sizes = await judged(house, directory)

    assert (problems, sorted(sizes)) == ([], [0, 1, 2])


async def test_every_kind_of_damage_is_told(house: House, directory: Directory, tmp_path: Path) -> None:
    """Missing, changed, cut short, and nobody's; another account's is told only of all."""
    alice, bob = await house.account("alice"), await house.account("bob")
    data = {kind: kind.encode() * 3 for kind in ("good", "missing", "changed", "short", "bobs")}
    names = {kind: await stored(house, directory, bob if kind == "bobs" else alice, data[kind]) for kind in data}
    for kind, become in [("missing", None), ("changed", b"y" * 21), ("short", b"short"), ("bobs", b"z" * 12)]:
        path = tmp_path / "blobs" / path_of(names[kind])
        if become is None:
            path.unlink()
        else:
            path.write_bytes(become)
    stray, leaving = new_name(), new_name()
    for name in (stray, leaving):
        async with directory.spool.file() as file:
            await file.write(b"1234")
            await directory.put(name, file.path)
    await house.db.write(lambda tx: doomed.add(tx, leaving, due=1 << 50))

    everybody, _ = await judged(house, directory)
    hers, _ = await judged(house, directory, alice)

    def problem(kind: Literal["missing", "corrupt"], of: str, who: Account) -> Problem:
        return Problem(kind, names[of], len(data[of]), who.did, Cid.of_raw(data[of]))

    own = {
        problem("missing", "missing", alice),
        problem("corrupt", "changed", alice),
        problem("corrupt", "short", alice),
    }
    assert set(hers) == own
    assert set(everybody) == own | {problem("corrupt", "bobs", bob), Problem("orphaned", stray, 4)}
