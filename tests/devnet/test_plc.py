"""The PLC directory over HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import httpx
import orjson
import pytest

from roost.crypto import PrivateKey
from roost.devnet.plc import directory
from roost.devnet.serving import serve
from roost.identity import plc
from roost.storage.sqlite import SqliteDatabase
from support.network import KEYS, Network, state_of

pytestmark = pytest.mark.anyio

NOBODY = "did:plc:z72i7hdynmk6r22z27h6tvur"


async def test_health(network: Network) -> None:
    """The directory says that it is there."""
    response = await network.http.get("/_health")

    assert (response.status_code, "version" in response.json()) == (200, True)


async def test_created_identity_has_a_document(network: Network) -> None:
    """A registered genesis is served as a DID document."""
    did, first = await network.register()

    response = await network.http.get(f"/{did}")

    assert response.headers["content-type"] == "application/did+ld+json"
    assert response.json() == plc.document_of(did, first.state)


async def test_data_is_what_the_operation_said(network: Network) -> None:
    """The data has the rotation keys, which a document does not."""
    did, first = await network.register()

    response = await network.http.get(f"/{did}/data")

    assert response.json() == {"did": did, **plc.state_fields(first.state)}


async def test_update_changes_the_document(network: Network) -> None:
    """An update is there for the next reader."""
    did, first = await network.register()

    await network.client.submit(did, plc.update(first, state_of("bob"), KEYS[1]))

    assert (await network.client.document(did)).handle == "bob.test"


async def test_logs(network: Network) -> None:
    """The log, its end and its audit agree."""
    did, first = await network.register()
    network.wait(hours=1)
    second = plc.update(first, state_of("bob"), KEYS[1])
    await network.client.submit(did, second)

    log = (await network.http.get(f"/{did}/log")).json()
    last = (await network.http.get(f"/{did}/log/last")).json()
    audit = (await network.http.get(f"/{did}/log/audit")).json()

    assert log == [plc.to_json(first), plc.to_json(second)]
    assert last == plc.to_json(second)
    assert audit == [
        {
            "did": did,
            "operation": plc.to_json(operation),
            "cid": str(plc.cid_of(operation)),
            "nullified": False,
            "createdAt": created_at,
        }
        for operation, created_at in ((first, "2026-01-01T00:00:00.000Z"), (second, "2026-01-01T01:00:00.000Z"))
    ]


@pytest.mark.parametrize("path", ["", "/data", "/log", "/log/last", "/log/audit"])
async def test_unknown_identity(network: Network, path: str) -> None:
    """Nothing is known of a DID nobody registered."""
    response = await network.http.get(f"/{NOBODY}{path}")

    assert (response.status_code, response.json()) == (404, {"message": f"DID not registered: {NOBODY}"})


@pytest.mark.parametrize("name", ["did:web:example.com", "alice.test", "did:plc"])
async def test_only_did_plc(network: Network, name: str) -> None:
    """Other names are refused as names."""
    response = await network.http.get(f"/{name}")

    assert response.status_code == 400
    assert set(response.json()) == {"message"}


async def test_tombstoned_identity_is_gone(network: Network) -> None:
    """After a tombstone there is a log, but no document and no data."""
    did, first = await network.register()
    end = plc.tombstone(first, KEYS[2])
    await network.client.submit(did, end)

    for path in ("", "/data"):
        response = await network.http.get(f"/{did}{path}")
        assert (response.status_code, response.json()) == (410, {"message": f"DID not available: {did}"})
    assert (await network.http.get(f"/{did}/log/last")).json() == plc.to_json(end)


async def test_nothing_follows_a_tombstone(network: Network) -> None:
    """An ended identity takes no update, and not the same end twice."""
    did, first = await network.register()
    end = plc.tombstone(first, KEYS[2])
    await network.post(did, plc.to_json(end))

    again = await network.post(did, plc.to_json(plc.update(first, state_of("bob"), KEYS[2])))
    after = await network.post(
        did, plc.to_json(replace(plc.update(first, state_of("x"), KEYS[0]), prev=plc.cid_of(end)))
    )

    assert (again.status_code, after.status_code) == (400, 409)


async def test_genesis_under_another_name(network: Network) -> None:
    """A genesis is only registered under its own hash."""
    response = await network.post(NOBODY, plc.to_json(plc.genesis(state_of("alice"), KEYS[0])))

    assert response.status_code == 400
    assert response.json()["message"].startswith("Hash of genesis operation does not match")


async def test_second_genesis(network: Network) -> None:
    """An identity is created once."""
    did, first = await network.register()

    assert (await network.post(did, plc.to_json(first))).status_code == 400


async def test_update_with_a_prev_that_is_not_in_the_log(network: Network) -> None:
    """An update built on something else is a conflict."""
    did, _ = await network.register()
    other = plc.genesis(state_of("bob"), KEYS[0])

    response = await network.post(did, plc.to_json(plc.update(other, state_of("bob"), KEYS[0])))

    assert (response.status_code, response.json()) == (409, {"message": "Operations not correctly ordered"})


async def test_update_signed_by_a_stranger(network: Network) -> None:
    """Only rotation keys control an identity."""
    did, first = await network.register()
    stranger = PrivateKey.from_bytes(b"\x08" * 32)

    response = await network.post(did, plc.to_json(plc.update(first, state_of("bob"), stranger)))

    assert (response.status_code, response.json()) == (400, {"message": "Invalid signature on op"})


async def test_limits_are_kept(network: Network) -> None:
    """An operation past a limit is refused before its log is looked at."""
    first = plc.genesis(state_of("alice").with_rotation_keys(), KEYS[0])

    response = await network.post(plc.did_of(first), plc.to_json(first))

    assert (response.status_code, response.json()) == (400, {"message": "At least one rotationKey is required"})


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b"{}", b'{"type": "plc_operation"}', b"\xff", b"[" * 60_000]
)
async def test_what_is_no_operation(network: Network, body: bytes) -> None:
    """Anything else is refused with a message, never with an error of the server's own."""
    response = await network.http.post(f"/{NOBODY}", content=body)

    assert response.status_code == 400
    assert set(response.json()) == {"message"}


async def test_oversized_body(network: Network) -> None:
    """A body no operation could need is not read to its end."""
    response = await network.http.post(f"/{NOBODY}", content=b" " * 100_000)

    assert response.status_code == 413


async def test_recovery_within_72_hours(network: Network) -> None:
    """A stronger key takes an identity back, and what it undid is marked."""
    did, first = await network.register()
    network.wait(hours=1)
    theft = plc.update(first, state_of("thief").with_rotation_keys(KEYS[2].public.did_key), KEYS[2])
    await network.client.submit(did, theft)
    network.wait(hours=72)

    await network.client.submit(did, plc.update(first, state_of("alice2"), KEYS[0]))

    audit = await network.client.audit_log(did)
    assert [entry.nullified for entry in audit] == [False, True, False]
    assert plc.validate_audit_log(did, audit) == state_of("alice2")
    assert (await network.client.document(did)).handle == "alice2.test"
    assert len(await network.client.log(did)) == 2


async def test_recovery_that_is_late(network: Network) -> None:
    """After 72 hours what was done stays done."""
    did, first = await network.register()
    await network.client.submit(did, plc.update(first, state_of("thief"), KEYS[2]))
    network.wait(hours=73)

    response = await network.post(did, plc.to_json(plc.update(first, state_of("alice2"), KEYS[0])))

    assert response.status_code == 400
    assert "72 hr recovery window" in response.json()["message"]


async def test_tombstone_undone(network: Network) -> None:
    """A stronger key brings an ended identity back in time."""
    did, first = await network.register()
    await network.client.submit(did, plc.tombstone(first, KEYS[2]))

    await network.client.submit(did, plc.update(first, state_of("alice"), KEYS[0]))

    assert (await network.client.document(did)).handle == "alice.test"


async def test_one_of_many_rivals_wins(network: Network) -> None:
    """Of updates racing for one place in the log, exactly one gets it."""
    did, first = await network.register()
    rivals = [plc.to_json(plc.update(first, state_of(f"rival{n}"), KEYS[2])) for n in range(20)]

    responses = await asyncio.gather(*(network.post(did, rival) for rival in rivals))

    assert sorted(response.status_code for response in responses) == [200] + [400] * 19
    assert len(await network.client.log(did)) == 2


async def test_times_never_repeat(network: Network) -> None:
    """A clock that stands, or goes back, does not put two operations at one time."""
    for n in range(3):
        await network.register(f"user{n}")
    network.wait(hours=-1)
    await network.register("late")

    lines = [orjson.loads(line) for line in (await network.http.get("/export")).text.split("\n")]

    assert [line["createdAt"] for line in lines] == [f"2026-01-01T00:00:00.00{n}Z" for n in range(4)]


async def test_export_pages_by_time(network: Network) -> None:
    """Reading on from the last line's time misses nothing and repeats nothing."""
    dids = [(await network.register(f"user{n}"))[0] for n in range(5)]

    seen: list[object] = []
    after = ""
    while lines := (await network.http.get("/export", params={"count": "2", "after": after})).text:
        page = [orjson.loads(line) for line in lines.split("\n")]
        seen += [line["did"] for line in page]
        after = page[-1]["createdAt"]

    assert seen == dids


async def test_export_pages_by_number(network: Network) -> None:
    """A number reads on from an operation's place among all."""
    dids = [(await network.register(f"user{n}"))[0] for n in range(3)]

    lines = (await network.http.get("/export", params={"count": "5", "after": "1"})).text.split("\n")

    assert [(line["seq"], line["did"]) for line in map(orjson.loads, lines)] == [(2, dids[1]), (3, dids[2])]


@pytest.mark.parametrize("query", ["count=0", "count=x", "count=-1", "after=yesterday", "after=2026-13-01"])
async def test_export_with_a_bad_query(network: Network, query: str) -> None:
    """A query that means nothing is refused."""
    assert (await network.http.get(f"/export?{query}")).status_code == 400


async def test_unknown_path(network: Network) -> None:
    """Elsewhere there is nothing, said in JSON."""
    response = await network.http.get("/a/b/c")

    assert (response.status_code, set(response.json())) == (404, {"message"})


async def test_operations_survive_a_restart(tmp_path: Path, network: Network) -> None:
    """A directory opened on the same file knows what it knew."""
    did, first = await network.register()
    copy = tmp_path / "copy" / "plc.sqlite"  # the running directory keeps its own for itself
    copy.parent.mkdir()
    for file in (tmp_path / "plc").glob("plc.sqlite*"):
        (copy.parent / file.name).write_bytes(file.read_bytes())

    db = SqliteDatabase(copy)
    async with (
        serve(await directory(db, clock=lambda: network.clock[0])) as served,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        response = await http.get(f"{served.url}/{did}")
    await db.close()

    assert response.json() == plc.document_of(did, first.state)
