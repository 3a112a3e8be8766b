"""A reference server's data directory, read."""

import sqlite3
from contextlib import closing
from hashlib import sha256
from pathlib import Path

import pytest

from roost.data.cid import Cid
from roost.storage.errors import ReferenceUnreadable
from roost.storage.reference import ReferenceData
from support.reference_data import WHEN, WHEN_MS, ReferenceDirectory
from support.repos import DID, filled


@pytest.fixture
def directory(tmp_path: Path) -> ReferenceDirectory:
    """A directory with one account."""
    made = ReferenceDirectory(tmp_path / "reference")
    made.add(filled(20), "alice.test", confirmed=WHEN, deactivated=WHEN, delete_after="2025-01-01T00:00:00.000Z")
    return made


def digests(folder: Path) -> dict[str, str]:
    """Return a digest of every file."""
    return {str(path): sha256(path.read_bytes()).hexdigest() for path in folder.rglob("*") if path.is_file()}


def test_an_account(directory: ReferenceDirectory) -> None:
    """Names, states and times, in our units."""
    with closing(ReferenceData(directory.folder)) as data:
        (found,) = data.accounts()

    assert (found.did, found.handle, found.email) == (DID, "alice.test", "alice.test@MAIL.dev")
    assert (found.created_at, found.email_confirmed_at, found.deactivated_at) == (WHEN_MS, WHEN_MS, WHEN_MS)
    assert found.delete_after == 1_735_689_600_000
    assert (found.takedown_ref, found.invites_disabled) == (None, True)


def test_what_is_an_accounts_own(directory: ReferenceDirectory) -> None:
    """Its key, its blocks, its blobs and its preferences."""
    kept, other = directory.add_blob(DID, b"kept"), directory.add_blob(DID, b"other", takedown="because")
    directory.run(DID, "INSERT INTO account_pref (name, valueJson) VALUES ('b', '{}'), ('a', '[]')")
    directory.run(DID, "UPDATE record SET takedownRef = 'spam' WHERE rkey = '0007'")
    repo = filled(20)
    assert repo.head is not None

    with closing(ReferenceData(directory.folder, blobs=directory.blobs)) as data, closing(data.actor(DID)) as actor:
        assert actor.key() == repo.key.to_bytes()
        assert actor.root() == repo.head.cid
        assert {cid: actor.block(cid) for cid in repo.blocks()} == repo.blocks()
        assert actor.block(Cid.of_cbor(b"none")) is None
        assert actor.taken_down() == [("com.example.record/0007", "spam")]
        assert {blob.cid: blob.takedown_ref for blob in actor.blobs()} == {kept: None, other: "because"}
        assert actor.preferences() == [("b", "{}"), ("a", "[]")]
        assert data.blob_path(DID, kept) == directory.blobs / DID / str(kept)
        assert data.blob_path(DID, other) == directory.blobs / "quarantine" / DID / str(other)
        assert data.blob_path(DID, Cid.of_raw(b"none")) is None


def test_codes_and_numbers(directory: ReferenceDirectory) -> None:
    """Invite codes with who used them, and the last number, also when its event was removed."""
    directory.run_accounts("INSERT INTO invite_code VALUES ('code', 5, 1, 'did:plc:a', 'admin', ?)", WHEN)
    directory.run_accounts("INSERT INTO invite_code_use VALUES ('code', 'did:plc:b', ?)", WHEN)
    directory.set_seq(12_345)

    with closing(ReferenceData(directory.folder)) as data:
        (invite,) = data.invites()
        assert (invite.code, invite.available, invite.disabled) == ("code", 5, True)
        assert (invite.for_account, invite.created_by, invite.used) == ("did:plc:a", "admin", (("did:plc:b", WHEN_MS),))
        assert data.last_seq() == 12_345


def test_nothing_is_changed(directory: ReferenceDirectory) -> None:
    """Not a byte, and no file appears."""
    before = digests(directory.folder)

    with closing(ReferenceData(directory.folder)) as data, closing(data.actor(DID)) as actor:
        list(data.accounts())
        data.last_seq()
        actor.root()
        assert not data.uncleanly_closed

        assert digests(directory.folder) == before


def test_a_server_that_was_killed(directory: ReferenceDirectory) -> None:
    """What is in its log counts, and stays there."""
    path = directory.folder / "account.sqlite"
    alive = sqlite3.connect(path)
    alive.execute("UPDATE actor SET handle = 'renamed.test'")
    alive.commit()
    copy = directory.folder.parent / "killed"
    copy.mkdir()
    for name in ("account.sqlite", "account.sqlite-wal"):
        (copy / name).write_bytes((directory.folder / name).read_bytes())
    alive.close()
    before = digests(copy)

    with closing(ReferenceData(copy)) as data:
        assert [account.handle for account in data.accounts()] == ["renamed.test"]
        assert data.uncleanly_closed

    assert digests(copy) == before


def test_what_is_not_such_a_directory(directory: ReferenceDirectory, tmp_path: Path) -> None:
    """An empty one, one whose file is no database, one whose rows are odd, one without the account."""
    empty, junk = tmp_path / "empty", tmp_path / "junk"
    empty.mkdir()
    junk.mkdir()
    (junk / "account.sqlite").write_bytes(b"not a database at all" * 100)

    for folder in (empty, junk):
        with pytest.raises(ReferenceUnreadable):
            ReferenceData(folder)
    with closing(ReferenceData(directory.folder)) as data, pytest.raises(ReferenceUnreadable, match="is not there"):
        data.actor(DID.__class__("did:plc:none"))
    directory.run_accounts("UPDATE actor SET createdAt = 'yesterday'")
    with closing(ReferenceData(directory.folder)) as data, pytest.raises(ReferenceUnreadable, match="not a time"):
        list(data.accounts())
    directory.run_accounts("DROP TABLE invite_code_use")
    with closing(ReferenceData(directory.folder)) as data, pytest.raises(ReferenceUnreadable, match="not as expected"):
        list(data.invites())


def test_a_block_that_is_not_its_names(directory: ReferenceDirectory) -> None:
    """A flipped bit on the old disk does not come along."""
    repo = filled(20)
    assert repo.head is not None
    directory.run(DID, "UPDATE repo_block SET content = x'00' WHERE cid = ?", str(repo.head.cid))

    with closing(ReferenceData(directory.folder)) as data, closing(data.actor(DID)) as actor:
        assert actor.block(repo.head.cid) is None
