"""A development network in a test: a PLC directory with a clock to turn, and what talks to it."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import httpx

from roost.crypto import PrivateKey
from roost.identity import plc
from roost.net.plc import PlcDirectory
from roost.storage.db import Database
from roost.syntax import Did, Handle

# Strongest first.
KEYS = [PrivateKey.from_bytes(bytes([n]) * 32) for n in (1, 2, 3)]


@dataclass
class Network:
    """The directory, as the tests see it."""

    url: str
    http: httpx.AsyncClient
    client: PlcDirectory
    clock: list[dt.datetime]
    db: Database

    def wait(self, **time: float) -> None:
        """Turn the clock on."""
        self.clock[0] += dt.timedelta(**time)

    async def register(self, name: str = "alice", key: PrivateKey = KEYS[2]) -> tuple[Did, plc.Operation]:
        """Create an identity."""
        first = plc.genesis(state_of(name), key)
        did = plc.did_of(first)
        await self.client.submit(did, first)
        return did, first

    async def post(self, did: str, raw: object) -> httpx.Response:
        """Submit JSON, whatever it is."""
        return await self.http.post(f"/{did}", json=raw)


def state_of(name: str, pds: str = "https://pds.test") -> plc.State:
    """What an identity of this network starts with."""
    return plc.account_state(
        signing_key=KEYS[0].public.did_key,
        rotation_keys=tuple(key.public.did_key for key in KEYS),
        handle=Handle.parse(f"{name}.test"),
        pds=pds,
    )
