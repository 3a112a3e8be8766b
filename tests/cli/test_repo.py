"""`roost repo`: whole repositories and damaged ones, from files, a data directory and a running server."""

from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from roost.crypto.keys import PrivateKey
from roost.data import car, cbor
from roost.data.cid import Cid
from roost.data.value import Value
from roost.repo import commit as commits
from roost.repo import mst
from roost.storage.sqlite_session import connect
from roost.syntax import Tid
from support.command import Command
from support.repos import KEY, MemoryRepo, filled, opened
from support.server import Roost

MINE = ("--key", KEY.public.did_key)


def wrote(path: Path, root: Cid | None, blocks: Mapping[Cid, bytes] | Iterable[tuple[Cid, bytes]]) -> Path:
    """Write a CAR of these blocks, whatever they are."""
    listed = blocks.items() if isinstance(blocks, Mapping) else blocks
    path.write_bytes(car.header(root) + b"".join(car.frame(cid, block) for cid, block in listed))
    return path


def head_of(repo: MemoryRepo) -> Cid:
    """Return the CID of the repository's commit."""
    assert repo.head is not None
    return repo.head.cid


def problems(command: Command, path: Path) -> list[str]:
    """Return what `verify` finds wrong with a file, which has to be something."""
    ran = command("repo", "verify", path, *MINE, "--json")
    assert ran.code == 1, ran.err
    found = ran.json["problems"]
    assert isinstance(found, list)
    return [str(problem) for problem in found]


def test_verify_a_good_file(command: Command, tmp_path: Path) -> None:
    """A whole repository with its key has no problems, to a person and to a machine."""
    (tmp_path / "good.car").write_bytes(filled(40).export())

    told = command("repo", "verify", tmp_path / "good.car", *MINE)
    counted = command("repo", "verify", tmp_path / "good.car", *MINE, "--json")

    assert (told.code, told.err) == (0, "")
    assert told.out.endswith("\nNo problems.\n")
    assert f"Signature  good, by {KEY.public.did_key}" in told.out
    assert (counted.json["records"], counted.json["problems"], counted.json["signed"]) == (40, [], True)
    assert counted.json["collections"] == {"com.example.record": 40}


def test_verify_without_a_key_says_so(command: Command, tmp_path: Path) -> None:
    """Where the directory cannot be asked, all but the signature is checked, and that is not taken for enough."""
    (tmp_path / "good.car").write_bytes(filled(3).export())

    ran = command("repo", "verify", tmp_path / "good.car", "--plc", "http://127.0.0.1:9")
    without = command("repo", "verify", tmp_path / "good.car", "--no-signature")

    assert (ran.code, without.code) == (1, 0)
    assert "Not verified" in ran.out
    assert "No problems." not in ran.out
    assert "No problems." in without.out
    assert "Signature  not checked: the document of did:plc:" in ran.out


def test_a_changed_byte(command: Command, tmp_path: Path) -> None:
    """A block that is no longer what its CID names is told, and so is the record that is thereby missing."""
    data = bytearray(filled(5).export())
    data[-1] ^= 1
    (tmp_path / "bad.car").write_bytes(data)

    found = problems(command, tmp_path / "bad.car")

    assert len(found) == 2
    assert "is not the one that bafyrei" in found[0]
    assert found[1].startswith("com.example.record/")


def test_half_a_file(command: Command, tmp_path: Path) -> None:
    """What was left of a file that was cut off is judged all the same."""
    data = filled(40).export()
    (tmp_path / "bad.car").write_bytes(data[: len(data) // 2])

    found = problems(command, tmp_path / "bad.car")

    assert found[0].startswith("the CAR file ends in the middle of")
    assert len(found) > 2


def test_a_missing_node(command: Command, tmp_path: Path) -> None:
    """A node that is not there is named."""
    repo = filled(40)
    gone = next(row.cid for n, row in repo.rows.items() if n != repo.root)
    blocks = {cid: block for cid, block in repo.blocks().items() if cid != gone}

    found = problems(command, wrote(tmp_path / "bad.car", head_of(repo), blocks))

    assert f"node {gone} is missing" in found


def test_somebody_elses_signature(command: Command, tmp_path: Path) -> None:
    """A commit that another key has signed is not the owner's."""
    repo = MemoryRepo(key=PrivateKey.from_bytes(bytes(31) + b"\x02"))
    (tmp_path / "bad.car").write_bytes(repo.export())

    ran = command("repo", "verify", tmp_path / "bad.car", *MINE)

    assert ran.code == 1
    assert f"Signature  WRONG, not by {KEY.public.did_key}" in ran.out
    assert "1 problem:" in ran.out


def test_a_tree_in_another_form(command: Command, tmp_path: Path) -> None:
    """Records may be all there in a tree that is not the one such records have."""
    value = cbor.encode({"$type": "com.example.record"})
    keys = [b"com.example.record/%d" % n for n in range(10)]
    entries: list[Value] = [
        {"k": key if n == 0 else key[-1:], "p": n and len(key) - 1, "t": None, "v": Cid.of_cbor(value)}
        for n, key in enumerate(keys)
    ]
    node = cbor.encode({"e": entries, "l": None})
    assert len({mst.layer_of(key) for key in keys}) > 1, "they belong in different nodes"
    made = commits.sign(MemoryRepo().did, data=Cid.of_cbor(node), rev=Tid.of(1_700_000_000_000_000, 0), key=KEY)
    blocks = {made.cid: made.block, Cid.of_cbor(node): node, Cid.of_cbor(value): value}

    found = problems(command, wrote(tmp_path / "bad.car", made.cid, blocks))

    assert [problem.startswith(str(Cid.of_cbor(node))) for problem in found] == [True]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "the CAR file ends in the middle of"),
        (b"# not a CAR at all\n" * 9, "the CAR header is not"),
        (car.header(None), "the file names no root"),
        (car.header(Cid.of_cbor(b"\xa0")), "the commit bafyrei"),
        (car.header(Cid.of_cbor(b"\xa0")) + car.frame(Cid.of_cbor(b"\xa0"), b"\xa0"), "a commit has exactly"),
    ],
)
def test_what_is_no_repository(command: Command, tmp_path: Path, content: bytes, said: str) -> None:
    """Any file gets an answer, and never a traceback."""
    (tmp_path / "bad.car").write_bytes(content)

    assert problems(command, tmp_path / "bad.car")[0].startswith(said)
    assert command("repo", "verify", tmp_path / "bad.car").code == 1
    assert command("repo", "stats", tmp_path / "bad.car").code == 1


def test_many_problems_are_cut_short_for_people(command: Command, tmp_path: Path) -> None:
    """A terminal is told twenty, a machine all."""
    repo = filled(100)
    records = {cid for cid, _ in repo.records.values()}
    path = wrote(
        tmp_path / "bad.car", head_of(repo), {cid: it for cid, it in repo.blocks().items() if cid not in records}
    )

    told = command("repo", "verify", path, *MINE)

    assert "100 problems:" in told.out
    assert told.out.endswith("  and 80 more, which --json lists\n")
    assert len(problems(command, path)) == 100


def test_export_and_verify_from_a_data_directory(command: Command, data: Path, tmp_path: Path) -> None:
    """What is exported is the whole repository, and verifies with the key from the network's own directory."""
    wrote_it = command("repo", "export", "alice.test", "--data", data)
    from_file = command("repo", "verify", "alice.test.car", "--data", data, "--json")
    from_data = command("repo", "verify", "alice.test", "--data", data, "--json")

    assert (wrote_it.code, wrote_it.out) == (0, "")
    assert from_file.json == from_data.json
    assert (from_file.code, from_file.json["signed"], from_file.json["records"]) == (0, True, 3)
    assert [path.name for path in tmp_path.glob("*.car*")] == ["alice.test.car"]


def test_export_never_writes_over_a_file(command: Command, data: Path, tmp_path: Path) -> None:
    """An older backup is kept unless --force says otherwise."""
    (tmp_path / "kept.car").write_text("older")

    refused = command("repo", "export", "alice.test", "-o", "kept.car", "--data", data)
    assert (refused.code, (tmp_path / "kept.car").read_text()) == (2, "older")

    forced = command("repo", "export", "alice.test", "-o", "kept.car", "--force", "--data", data)
    assert (forced.code, len(opened((tmp_path / "kept.car").read_bytes()).roots)) == (0, 1)


def test_a_failed_export_leaves_nothing(command: Command, data: Path, tmp_path: Path) -> None:
    """No file is better than half of one."""
    ran = command("repo", "export", "bob.test", "--data", data)

    assert (ran.code, ran.err) == (1, "roost: Could not find repo: bob.test\n")
    assert list(tmp_path.glob("*.car*")) == []


def test_export_to_standard_output(command: Command, roost: Roost) -> None:
    """From a running server, through a pipe: the CAR and nothing else."""
    person = roost.person()

    ran = command("repo", "export", person.did, "-o", "-", "--url", roost.url)

    assert (ran.code, ran.err, len(opened(ran.raw).blocks)) == (0, "", 2)


def test_verify_from_a_running_server(command: Command, roost: Roost) -> None:
    """A handle is resolved by that server; the key comes from the directory, not from it."""
    person = roost.person()

    ran = command("repo", "verify", person.handle, "--url", roost.url, "--plc", roost.plc_url, "--json")

    assert (ran.code, ran.json["did"], ran.json["signed"]) == (0, person.did, True)


def test_stats(command: Command, data: Path) -> None:
    """Records per collection, the tree's size, and the bytes of it all."""
    told = command("repo", "stats", "alice.test", "--data", data)
    counted = command("repo", "stats", "alice.test", "--data", data, "--json")

    assert told.code == 0
    assert "Records  3 in 2 collections" in told.out
    assert told.out.splitlines()[-2:] == ["  com.example.note   2", "  com.example.place  1"]
    assert counted.json["collections"] == {"com.example.note": 2, "com.example.place": 1}


@pytest.mark.parametrize("damage", ["DELETE FROM record WHERE path LIKE 'com.example.place/%'", "DELETE FROM node"])
def test_a_damaged_database_is_a_problem_and_no_crash(command: Command, data: Path, damage: str) -> None:
    """Rows that do not fit together are found when their owner asks for a judgement."""
    with connect(data / "roost.sqlite", cache_mib=2, read_only=False) as db:
        db.execute(damage)
        db.commit()
    db.close()

    ran = command("repo", "verify", "alice.test", "--data", data, "--json")

    assert ran.code == 1
    assert "the database is damaged: repository of did:plc:" in str(ran.json["problems"])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("no.car", "There is no file no.car"),
        ("./no", "There is no file ./no"),
        ("no such thing", "'no such thing' is neither a handle nor a DID"),
    ],
)
def test_what_is_not_there(command: Command, source: str, said: str) -> None:
    """A mistyped file is not taken for an account."""
    ran = command("repo", "verify", source)

    assert (ran.code, ran.err) == (2, f"roost: {said}\n")


def test_a_key_that_is_none(command: Command, tmp_path: Path) -> None:
    """A key that cannot be read is told, rather than the signature found wrong."""
    (tmp_path / "good.car").write_bytes(filled(1).export())

    ran = command("repo", "verify", tmp_path / "good.car", "--key", "did:key:zNonsense")

    assert (ran.code, ran.err.startswith("roost: not a did:key of a signing key")) == (1, True)
