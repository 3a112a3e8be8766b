"""An auditor of a running server's data: every repository, every record and every event, against what writers know.

It reads over HTTP and, beside the server, the rows of its SQLite file; it writes nothing.
"""

import json
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from urllib.parse import urlencode
from urllib.request import urlopen

from roost.crypto.keys import PublicKey
from roost.data.cid import Cid
from roost.repo import Report, inspect, mst
from support.firehose import Chain, Follower
from support.plain_repo import signing_key
from support.process import ServerProcess
from support.repos import opened
from support.storm import NOTE, Account, Json, Writer

BEGINNING = ["#identity", "#account", "#commit", "#sync"]


class Auditor:
    """Follows the event log from audit to audit, and holds everything against it."""

    def __init__(self, server: ServerProcess) -> None:
        self.server = server
        self.follower = Follower()
        self.repos = 0
        self.records = 0

    def audit(self, writers: list[Writer], accounts: list[Account]) -> None:
        """Check everything, and let writers find out what became of their last write."""
        self.follow()
        for account in accounts:
            own = [writer for writer in writers if writer.account is account]
            self._account(account, own)

    def follow(self) -> None:
        """Check every event since the last audit, and that each repository stands where they say."""
        with closing(sqlite3.connect(f"file:{self.server.data}/roost.sqlite?mode=ro", uri=True)) as db:
            db.execute("BEGIN")
            frames = db.execute("SELECT seq, frame FROM event WHERE seq > ? ORDER BY seq", (self.follower.seq,))
            self.follower.take(frames)
            (last,) = db.execute("SELECT last FROM sequence").fetchone()
            heads = db.execute("SELECT account.did, head.rev FROM head JOIN account ON account.id = head.repo")
            standing = dict(heads.fetchall())
            past = Counter(did for (did,) in db.execute("SELECT did FROM past_commit JOIN account ON id = repo"))
        assert last == self.follower.seq, "the counter is at the last event: none is missing, and none was doubled"
        chains = self.follower.chains
        assert standing == {did: chain.rev for did, chain in chains.items()}, "events and repositories agree"
        assert past == {did: chain.kinds.count("#commit") for did, chain in chains.items()}, "a commit is one event"
        assert all(chain.kinds[:4] == BEGINNING for chain in chains.values()), "an account is there whole or not at all"

    def _account(self, account: Account, writers: list[Writer]) -> None:
        chain = self.follower.chains[account.did]
        listed = self._listed(account)
        there = {path: value for path, (_, value) in listed.items()}
        for writer in writers:
            writer.resolve(there)
        known: dict[str, Json] = {}
        for writer in writers:
            known |= writer.known
        assert there == known, difference(there, known)
        cids = {path: cid for path, (cid, _) in listed.items()}
        assert {path: str(cid) for path, cid in chain.records.items()} == cids, "what events told is what is there"
        self._export(account, chain, cids)
        self.repos += 1
        self.records += len(cids)

    def _export(self, account: Account, chain: Chain, cids: dict[str, str]) -> None:
        car = opened(get(self.server, "com.atproto.sync.getRepo", did=account.did))
        key = PublicKey.from_multikey(signing_key(self.server.plc_url, account.did))
        report: Report = inspect(car.roots[0], car.blocks, key)
        assert (report.problems, report.signed, report.unused) == ((), True, 0)
        assert report.commit is not None
        assert (report.commit.rev, report.commit.cid, report.commit.data) == (chain.rev, chain.commit, chain.data)
        assert {path: str(cid) for path, cid in leaves(report.commit.data, car.blocks)} == cids, (
            "so is what the tree holds"
        )

    def _listed(self, account: Account) -> dict[str, tuple[str, Json]]:
        found: dict[str, tuple[str, Json]] = {}
        params = {"repo": account.did, "collection": NOTE, "limit": "100"}
        while True:
            page = json.loads(get(self.server, "com.atproto.repo.listRecords", **params))
            for each in page["records"]:
                found[each["uri"].removeprefix(f"at://{account.did}/")] = (each["cid"], each["value"])
            if "cursor" not in page:
                return found
            params["cursor"] = page["cursor"]


def leaves(root: Cid, blocks: Mapping[Cid, bytes]) -> Iterator[tuple[str, Cid]]:
    """Yield the path and the CID of every record in a tree that was found sound."""
    node = mst.decode(blocks[root])
    for key, value in zip(node.keys, node.values, strict=True):
        yield key.decode(), value
    for kid in node.kids:
        if kid is not None and kid.cid is not None:
            yield from leaves(kid.cid, blocks)


def get(server: ServerProcess, nsid: str, **params: str) -> bytes:
    """Return what a query answers."""
    with urlopen(f"{server.url}/xrpc/{nsid}?{urlencode(params)}", timeout=60) as answer:
        content: bytes = answer.read()
        return content


def difference(there: dict[str, Json], known: dict[str, Json]) -> str:
    """Say briefly what is there and what should be."""
    lost = [path for path in known if path not in there]
    extra = [path for path in there if path not in known]
    other = [path for path in known if path in there and there[path] != known[path]]
    return f"lost {lost[:5]}, not acknowledged {extra[:5]}, other than acknowledged {other[:5]}"
