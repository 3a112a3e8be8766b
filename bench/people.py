"""Accounts and records for a load to work on, made through the server's own methods before anything is measured."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import orjson

from bench.connection import Connection
from bench.requests import BLOB, FILES, PASSWORD, Person, Template, creation
from bench.scenarios import Scenario
from bench.server import Server
from roost.syntax import Tid

BATCH: Final = 200
"""Records in one applyWrites: the protocol's most."""

SIGNING_UP: Final = 4
"""Accounts made at a time: each costs the server a password hash, and it hashes no more than that at once."""

_FIRST_MICROS: Final = 1_700_000_000_000_000


async def crowds(server: Server, loads: Sequence[Scenario], seconds: float) -> dict[str, list[Person]]:
    """Make the accounts of every crowd, with the records that they are to have, by the crowd's name or the load's."""
    wanted = {load.crowd or load.label: load for load in loads}
    made = iter(await sign_up(server, sum(load.accounts for load in wanted.values())))
    return {
        name: [
            await with_blobs(server, await with_records(server, next(made), load.records(seconds)), load.blobs)
            for _ in range(load.accounts)
        ]
        for name, load in wanted.items()
    }


async def sign_up(server: Server, accounts: int) -> list[Person]:
    """Make that many accounts."""
    waiting = list(range(accounts))
    made: list[Person] = []

    async def work() -> None:
        connection = await Connection.open(server.host, server.port)
        while waiting:
            made.append(await _sign_up(connection, f"bench{waiting.pop()}"))
        connection.close()

    await asyncio.gather(*[work() for _ in range(SIGNING_UP)])
    return made


async def with_records(server: Server, person: Person, size: int) -> Person:
    """Give the account that many records, under keys a second apart."""
    connection = await Connection.open(server.host, server.port)
    keys = [str(Tid.of(_FIRST_MICROS + i * 1_000_000, 0)) for i in range(size)]
    since = ""
    for start in range(0, size, BATCH):
        writes = [creation(key) for key in keys[start : start + BATCH]]
        made = await _call(connection, Template.apply_writes(person, writes).fill())
        if start + BATCH <= size * 9 // 10:
            since = made["commit"]["rev"]
    connection.close()
    return replace(person, keys=tuple(keys), since=since)


async def with_blobs(server: Server, person: Person, number: int) -> Person:
    """Give the account that many blobs of BLOB bytes, each referred to by a record."""
    connection = await Connection.open(server.host, server.port)
    blobs = []
    for _ in range(number):
        blob = (await _call(connection, Template.upload(person, BLOB).fill()))["blob"]
        value = {"$type": FILES, "file": blob}
        body = {"repo": person.did, "collection": FILES, "record": value}
        await _call(connection, Template.of("com.atproto.repo.createRecord", body, token=person.token).fill())
        blobs.append(blob["ref"]["$link"])
    connection.close()
    return replace(person, blobs=tuple(blobs))


async def _sign_up(connection: Connection, name: str) -> Person:
    wanted = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": PASSWORD}
    made = await _call(connection, Template.of("com.atproto.server.createAccount", wanted).fill())
    return Person(made["did"], made["handle"], made["accessJwt"])


async def _call(connection: Connection, request: bytes) -> dict[str, Any]:
    answer = await connection.ask(request)
    if answer.status != 200:
        raise RuntimeError(f"{request[:80]!r} was answered {answer.status}: {answer.body[:500]!r}")
    found: dict[str, Any] = orjson.loads(answer.body)
    return found
