"""Somebody who publishes lexicon documents, from a host that says what the test wants."""

import httpx

from roost.crypto.keys import PrivateKey
from roost.data import cbor
from roost.data.value import Value
from roost.identity import plc
from roost.repo import Create, commit, draft, nothing
from roost.syntax import Did, Tid
from support.server import Roost
from support.strangers import Stranger
from support.upstream import Service

SCHEMA = "com.atproto.lexicon.schema"
REV = Tid.of(micros=1_790_000_000_000_000, clock_id=1)


def resolve(roost: Roost, nsid: str) -> httpx.Response:
    """Ask the server for a document."""
    return roost.client.get("/xrpc/com.atproto.lexicon.resolveLexicon", params={"nsid": nsid})


def publisher(roost: Roost, host: Service) -> Stranger:
    """Register a DID whose repository is at that host."""
    return Stranger.register(roost, {"atproto_pds": plc.Service("AtprotoPersonalDataServer", host.url)})


def document_of(nsid: str, **changes: Value) -> dict[str, Value]:
    """Return a document as a record."""
    main: dict[str, Value] = {"type": "query"}
    return {"$type": SCHEMA, "lexicon": 1, "id": nsid, "defs": {"main": main}, **changes}


def proof_of(did: str, key: PrivateKey, path: str, record: dict[str, Value], *, others: int = 40) -> bytes:
    """Return a CAR with a signed commit of a repository that has the record at that path, and others beside it."""
    creates = [Create(f"com.example.thing/{n}", cbor.encode({"n": n})) for n in range(others)]
    made = draft(
        nothing(),
        [*creates, Create(path, cbor.encode(record))],
        lambda data: commit.sign(Did(did), data=data, rev=REV, key=key),
    )
    return made.blocks
