"""Work on an account over HTTP, through both generations of the protocol, and what must be there afterwards.

What was acknowledged is noted, so `expected` is the truth that any export must agree with. Deliberately does not know
the server's code.
"""

import base64
import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

# Any: JSON that was made to be sent.
Json = dict[str, Any]

PASSWORD = "correct horse battery"
POST = "app.bsky.feed.post"
NOTE = "com.example.note"
COLLECTIONS = (POST, NOTE, "com.example.notes", "com.ex-ample.note", "com.example.Note")
"""One with a schema, and others whose paths sort in another order than they do."""

THREADS = 6
KEY_LETTERS = "abcXYZ019-_~:."


def record(collection: str, number: int) -> Json:
    """Return a record of its own, with every kind of value that the data model has."""
    if collection == POST:
        return {
            "$type": POST,
            "text": f"Post {number} ünï 🦉",
            "createdAt": "2026-01-02T03:04:05.678Z",
            "langs": ["en"],
        }
    rng = random.Random(number)
    # Among the bytes are some that look like a binary CID, which they are not.
    data = b"\x01\x71\x12\x20" + rng.randbytes(32) if number % 5 == 0 else rng.randbytes(number % 70)
    return {
        "$type": collection,
        "number": number,
        "least": -(2**53) + 1,
        "most": 2**53 - 1,
        "text": 'z\n\t"\\ é ⽘ 👨‍👩‍👧‍👧'[: number % 20],
        "data": {"$bytes": base64.b64encode(data).decode().rstrip("=")},
        "link": {"$link": "bafyreie5737gdxlw5i64vzichcalba3z2v5n6icifvx5xytvske7mr3hpm"},
        "nested": {
            "none": None,
            "list": [True, False, {"empty": {}, "none": []}],
            "": "empty key",
            "ä": 1,
            "zz": 2,
            "b": 3,
        },
    }


def odd_key(number: int) -> str:
    """Return a record key with every letter that one may have, some as long as one may be."""
    rng = random.Random(number)
    return f"{''.join(rng.choices(KEY_LETTERS, k=507 if number % 50 == 0 else 9))}{number:05d}"


class Worker:
    """An account and its session; each `do_…` writes to the repository and notes what was acknowledged."""

    def __init__(self, url: str, name: str) -> None:
        self.client = httpx.Client(base_url=url, timeout=60)
        self.new: dict[str, str] = {}
        body = {"email": f"{name}@mail.test", "username": f"{name}.test", "password": PASSWORD}
        made = self.client.post("/xrpc/com.atproto.createAccount", json=body)
        assert made.status_code == 200, made.text
        self.did: str = made.json()["did"]
        self.old = {"authorization": f"Bearer {made.json()['jwt']}"}
        session = self.call("com.atproto.server.createSession", {"identifier": f"{name}.test", "password": PASSWORD})
        self.new = {"authorization": f"Bearer {session['accessJwt']}"}
        self.expected: dict[str, Json] = {}

    def close(self) -> None:
        """Close its connections."""
        self.client.close()

    def call(self, nsid: str, body: object, **params: str) -> Json:
        """Call a procedure of either generation as this account, and insist that it succeeds."""
        headers = self.old if nsid.count(".") == 2 else self.new  # 2022 had no groups
        answer = self.client.post(f"/xrpc/{nsid}", json=body, params=params, headers=headers)
        assert answer.status_code == 200, f"{nsid}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else {}

    def note(self, uri: str, value: Json) -> None:
        """Remember that this record was acknowledged."""
        prefix = f"at://{self.did}/"
        assert uri.startswith(prefix)
        self.expected[uri.removeprefix(prefix)] = value

    def create(self, collection: str, number: int) -> None:
        """Create a record under a key of the server's, with today's method."""
        value = record(collection, number)
        body = {"repo": self.did, "collection": collection, "record": value}
        self.note(self.call("com.atproto.repo.createRecord", body)["uri"], value)

    def old_create(self, collection: str, number: int) -> None:
        """Do the same with the method of 2022."""
        value = record(collection, number)
        told = self.call("com.atproto.repoCreateRecord", value, **self._where(collection))
        self.note(told["uri"], value)

    def put(self, collection: str, number: int, rkey: str) -> None:
        """Create or replace a record with today's method."""
        value = record(collection, number)
        body = {"repo": self.did, "collection": collection, "rkey": rkey, "record": value}
        self.note(self.call("com.atproto.repo.putRecord", body)["uri"], value)

    def old_put(self, collection: str, number: int, rkey: str) -> None:
        """Do the same with the method of 2022."""
        value = record(collection, number)
        told = self.call("com.atproto.repoPutRecord", value, **self._where(collection), tid=rkey)
        self.note(told["uri"], value)

    def delete(self, path: str) -> None:
        """Delete a record with today's method."""
        collection, rkey = path.split("/")
        self.call("com.atproto.repo.deleteRecord", {"repo": self.did, "collection": collection, "rkey": rkey})
        del self.expected[path]

    def old_delete(self, path: str) -> None:
        """Do the same with the method of 2022."""
        collection, rkey = path.split("/")
        params = {"did": self.did, "type": collection, "tid": rkey}
        answer = self.client.post("/xrpc/com.atproto.repoDeleteRecord", params=params, headers=self.old)
        assert answer.status_code == 200, answer.text
        del self.expected[path]

    def batch(self, creates: list[tuple[str, int]], updates: dict[str, int], deletes: list[str]) -> None:
        """Write all of these in one commit, with today's method."""
        kind = "com.atproto.repo.applyWrites#"
        writes: list[Json] = []
        for collection, number in creates:
            writes.append({"$type": f"{kind}create", "collection": collection, "value": record(collection, number)})
        for path, number in updates.items():
            collection, rkey = path.split("/")
            value = record(collection, number)
            writes.append({"$type": f"{kind}update", "collection": collection, "rkey": rkey, "value": value})
        for path in deletes:
            collection, rkey = path.split("/")
            writes.append({"$type": f"{kind}delete", "collection": collection, "rkey": rkey})
        told = self.call("com.atproto.repo.applyWrites", {"repo": self.did, "writes": writes})
        for write, result in zip(writes, told["results"], strict=True):
            if "uri" in result:
                self.note(result["uri"], write["value"])
        for path in deletes:
            del self.expected[path]

    def old_batch(self, updates: dict[str, int], deletes: list[str]) -> None:
        """Do the same with the method of 2022, whose answer does not tell under which keys it created."""
        writes: list[Json] = []
        for path, number in updates.items():
            collection, tid = path.split("/")
            value = record(collection, number)
            writes.append({"action": "update", "collection": collection, "tid": tid, "value": value})
        for path in deletes:
            collection, tid = path.split("/")
            writes.append({"action": "delete", "collection": collection, "tid": tid})
        self.call("com.atproto.repoBatchWrite", {"writes": writes}, did=self.did, validate="false")
        for path, number in updates.items():
            self.expected[path] = record(path.split("/")[0], number)
        for path in deletes:
            del self.expected[path]

    def old_creates(self, collection: str, numbers: list[int]) -> None:
        """Create records with repoBatchWrite; their keys are learnt from a listing by their numbers."""
        writes = [{"action": "create", "collection": collection, "value": record(collection, n)} for n in numbers]
        self.call("com.atproto.repoBatchWrite", {"writes": writes}, did=self.did, validate="false")
        listed = self.listed(collection, newest=len(numbers))
        found = {path: value for path, (_, value) in listed.items()}
        assert sorted(value["number"] for value in found.values()) == sorted(numbers)
        self.expected |= found

    def listed(self, collection: str, *, newest: int | None = None) -> dict[str, tuple[str, Json]]:
        """Return CID and value of a collection's records, or of its newest, by path, as listRecords gives them."""
        found: dict[str, tuple[str, Json]] = {}
        params = {"repo": self.did, "collection": collection, "limit": str(min(newest or 100, 100))}
        while True:
            page = self.client.get("/xrpc/com.atproto.repo.listRecords", params=params).json()
            for each in page["records"]:
                found[each["uri"].removeprefix(f"at://{self.did}/")] = (each["cid"], each["value"])
            if "cursor" not in page or newest is not None:
                return found
            params["cursor"] = page["cursor"]

    def old_listed(self, collection: str) -> dict[str, Json]:
        """Return the value of every record of a collection, by path, as repoListRecords gives them."""
        found: dict[str, Json] = {}
        params = {"nameOrDid": self.did, "type": collection, "limit": "100"}
        while True:
            page = self.client.get("/xrpc/com.atproto.repoListRecords", params=params).json()["records"]
            for each in page:
                found[each["uri"].removeprefix(f"at://{self.did}/")] = each["value"]
            if not page:
                return found
            params["after"] = page[-1]["uri"].rpartition("/")[2]

    def _where(self, collection: str) -> dict[str, str]:
        return {"did": self.did, "type": collection, "validate": "true" if collection == POST else "false"}


def in_threads(work: Callable[[int], None], numbers: range) -> None:
    """Do a piece of work for each number, several at a time."""
    with ThreadPoolExecutor(THREADS) as pool:
        for _ in pool.map(work, numbers):
            pass


def five_thousand(worker: Worker) -> None:
    """Leave 5,000 records in the account's repository, after more than that many writes of every kind."""
    rng = random.Random(5000)
    kinds = COLLECTIONS
    in_threads(lambda n: worker.create(kinds[n % 5], n), range(900))
    in_threads(lambda n: worker.old_create(kinds[n % 5], n), range(900, 1600))
    in_threads(lambda n: worker.put(kinds[1 + n % 4], n, odd_key(n)), range(1600, 1900))
    in_threads(lambda n: worker.old_put(kinds[1 + n % 4], n, odd_key(n)), range(1900, 2200))
    for start in range(2200, 4200, 50):
        worker.batch([(kinds[n % 5], n) for n in range(start, start + 50)], {}, [])
    for start in range(4200, 5100, 100):
        worker.old_creates("com.example.batch", list(range(start, start + 100)))
    paths = rng.sample(sorted(worker.expected), 1000)
    for i, path in enumerate(paths[:100]):
        collection, rkey = path.split("/")
        (worker.put if i % 2 else worker.old_put)(collection, 10_000 + i, rkey)
    for i, path in enumerate(paths[100:200]):
        (worker.delete if i % 2 else worker.old_delete)(path)
    rest = paths[200:]
    for start in range(0, 800, 100):
        chunk = rest[start : start + 100]
        updates = {path: 20_000 + start + i for i, path in enumerate(chunk[:88])}
        if start % 200:
            worker.old_batch(updates, chunk[88:])
        else:
            worker.batch([], updates, chunk[88:])
    missing = 5000 - len(worker.expected)
    in_threads(lambda n: worker.create(NOTE, n), range(30_000, 30_000 + missing))
