"""com.atproto.syncUpdateRepo, October 2022: commits that are taken in.

What is refused is in `test_sync_update_repo_refused`.
"""

from functools import partial

import httpx
import pytest

from roost.data import cbor
from roost.data.cid import Cid
from roost.repo import Create, Delete, Update
from roost.repo import commit as commits
from roost.syntax import Tid
from support.owner import Owner, only_new, packed
from support.server import Roost
from support.v2022 import (
    POST,
    RACERS,
    at_once,
    check_done,
    check_empty,
    check_refused,
    check_wrong_verb,
    exported,
    judged,
    leaves,
    post,
    root,
)

NSID = "com.atproto.syncUpdateRepo"
URL = f"/xrpc/{NSID}"
CAR = {"content-type": "application/cbor"}


@pytest.fixture
def owner(roost: Roost) -> Owner:
    """Somebody whose DID document names a key of his own."""
    return Owner.with_key(roost)


def send(roost: Roost, did: str, body: bytes) -> httpx.Response:
    """Send a CAR, as nobody."""
    return roost.client.post(URL, params={"did": did}, content=body, headers=CAR)


def block(text: str) -> bytes:
    """Return a post's block."""
    return cbor.encode({"$type": POST, "text": text, "createdAt": "2022-10-12T10:00:00.000Z"})


def filled(owner: Owner, count: int = 20) -> None:
    """Have posts `a00`, `a01`, … in the repository."""
    writes = [Create(f"{POST}/a{n:02}", block(f"{n}")) for n in range(count)]
    made = owner.copy().draft(*writes)
    check_empty(send(owner.roost, owner.did, packed([made.commit.cid], only_new(made))))


def texts(roost: Roost, did: str) -> dict[str, str]:
    """Return the text of every post by its key."""
    listed = roost.get("com.atproto.repoListRecords", nameOrDid=did, type=POST, limit=100).json()["records"]
    return {record["uri"].rpartition("/")[2]: record["value"]["text"] for record in listed}


def test_a_whole_repository(roost: Roost, owner: Owner) -> None:
    """It becomes the state: for readers, in the tree, as the root, under the owner's signature."""
    copy = owner.copy()
    made = copy.draft(Create(f"{POST}/one", block("one")), Create(f"{POST}/two", block("two")))

    answer = send(roost, owner.did, packed([made.commit.cid], copy.whole(made)))

    check_empty(answer)
    assert root(roost, owner.did) == str(made.commit.cid)
    assert texts(roost, owner.did) == {"one": "one", "two": "two"}
    assert exported(roost, owner.did).blocks == copy.whole(made)
    report = judged(roost, owner.did)
    assert (report.records, report.signed) == (2, True)


def test_the_same_again(roost: Roost, owner: Owner) -> None:
    """It succeeds, and nothing happens."""
    copy = owner.copy()
    made = copy.draft(Create(f"{POST}/one", block("one")))
    body = packed([made.commit.cid], copy.whole(made))
    check_empty(send(roost, owner.did, body))
    before = exported(roost, owner.did)

    check_empty(send(roost, owner.did, body))
    check_empty(send(roost, owner.did, packed([made.commit.cid], {made.commit.cid: made.commit.block})))

    assert exported(roost, owner.did) == before


def test_the_same_at_once(roost: Roost, owner: Owner) -> None:
    """A client that repeats itself before it was answered is told the same."""
    made = owner.copy().draft(Create(f"{POST}/one", block("one")))
    body = packed([made.commit.cid], only_new(made))

    answers = at_once([partial(send, roost, owner.did, body)] * RACERS)

    assert [answer.status_code for answer in answers] == [200] * RACERS
    assert root(roost, owner.did) == str(made.commit.cid)
    judged(roost, owner.did)


def test_only_what_is_new(roost: Roost, owner: Owner) -> None:
    """What the repository has already need not be sent."""
    filled(owner)
    copy = owner.copy()
    ops = (Create(f"{POST}/b", block("b")), Update(f"{POST}/a05", block("changed")), Delete(f"{POST}/a07"))
    made = copy.draft(*ops)

    check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))

    assert len(only_new(made)) < len(copy.blocks)
    assert exported(roost, owner.did).blocks == copy.whole(made)
    expected = {f"a{n:02}": f"{n}" for n in range(20) if n != 7} | {"a05": "changed", "b": "b"}
    assert texts(roost, owner.did) == expected
    judged(roost, owner.did)


def test_a_record_that_moves(roost: Roost, owner: Owner) -> None:
    """Its block is not new, so it need not be sent either."""
    filled(owner)
    copy = owner.copy()
    made = copy.draft(Delete(f"{POST}/a03"), Create(f"{POST}/moved", block("3")), Create(f"{POST}/twin", block("4")))
    sent = {cid: data for cid, data in only_new(made).items() if cid not in copy.blocks}

    check_empty(send(roost, owner.did, packed([made.commit.cid], sent)))

    found = texts(roost, owner.did)
    assert (found["moved"], found["twin"], found["a04"], "a03" in found) == ("3", "4", "4", False)
    judged(roost, owner.did)


def test_the_event_s_car(roost: Roost, owner: Owner) -> None:
    """What the firehose ships of a commit, proofs included, will do too."""
    filled(owner)
    made = owner.copy().draft(Delete(f"{POST}/a00"), Delete(f"{POST}/a11"))

    check_empty(send(roost, owner.did, made.blocks))
    judged(roost, owner.did)


def test_commits_one_after_another(roost: Roost, owner: Owner) -> None:
    """Each on the one before, back to the empty tree."""
    for n in range(5):
        made = owner.copy().draft(Create(f"{POST}/{n}", block(f"{n}")))
        check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))
    gone = owner.copy().draft(*[Delete(f"{POST}/{n}") for n in range(5)])
    check_empty(send(roost, owner.did, packed([gone.commit.cid], only_new(gone))))

    assert texts(roost, owner.did) == {}
    assert judged(roost, owner.did).records == 0


def test_a_commit_that_changes_nothing(roost: Roost, owner: Owner) -> None:
    """A new rev and a new signature on the same tree: a key has changed, say."""
    filled(owner, 3)
    made = owner.copy().draft()

    check_empty(send(roost, owner.did, packed([made.commit.cid], {made.commit.cid: made.commit.block})))

    assert root(roost, owner.did) == str(made.commit.cid)
    assert judged(roost, owner.did).records == 3


def test_a_commit_that_names_the_one_before(roost: Roost, owner: Owner) -> None:
    """`prev` is null in a commit of today; the right one is accepted."""
    copy = owner.copy()
    made = copy.draft_as(partial(copy.sign, prev=copy.head.cid), Create(f"{POST}/one", block("one")))

    check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))
    assert judged(roost, owner.did).signed


def test_a_rev_a_little_ahead(roost: Roost, owner: Owner) -> None:
    """Clocks differ: four minutes will do, and the server's own next commit comes after it all the same."""
    copy = owner.copy()
    made = copy.draft_as(partial(copy.sign, rev=copy.rev(240_000_000)), Create(f"{POST}/one", block("one")))
    check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))

    params = {"did": owner.did, "type": POST}
    assert owner.person.post("com.atproto.repoCreateRecord", params=params, json=post()).status_code == 200

    after = commits.parse(next(iter(exported(roost, owner.did).blocks.values())))
    assert Tid(after.rev) > Tid(made.commit.rev)
    assert judged_unsigned(roost, owner.did) == 2


def judged_unsigned(roost: Roost, did: str) -> int:
    """Return how many records a tree has that the server has signed with its own key for the account."""
    copy = exported(roost, did)
    return len(leaves(copy))


def test_blocks_that_nothing_needs_are_not_kept(roost: Roost, owner: Owner) -> None:
    """Nobody can fill the disk with them."""
    made = owner.copy().draft(Create(f"{POST}/one", block("one")))
    litter = {Cid.of_cbor(data): data for data in (block(f"litter {n}") for n in range(100))}

    check_empty(send(roost, owner.did, packed([made.commit.cid], litter | only_new(made))))

    assert not exported(roost, owner.did).blocks.keys() & litter.keys()
    judged(roost, owner.did)


def test_more_than_one_event_can_tell(roost: Roost, owner: Owner) -> None:
    """A repository that moves here comes at once, however many records it has."""
    made = owner.copy().draft(*[Create(f"com.example.many/{n:04}", block(f"{n}")) for n in range(1000)])

    check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))

    assert judged(roost, owner.did).records == 1000


def test_the_key_is_looked_up_each_time(roost: Roost, owner: Owner) -> None:
    """Once the document names another key, that one counts at once."""
    filled(owner, 2)
    owner.take_key(type(owner.key).generate())

    made = owner.copy().draft(Create(f"{POST}/new", block("new")))

    check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))
    assert judged(roost, owner.did).signed


def test_a_key_of_the_other_curve(roost: Roost) -> None:
    """P-256 signs as well as K-256."""
    owner = Owner.join(roost)
    owner.take_key(type(owner.key).generate("p256"))
    made = owner.copy().draft(Create(f"{POST}/new", block("new")))

    check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))
    assert judged(roost, owner.did).signed


def test_the_signature_is_all_the_proof(roost: Roost, owner: Owner) -> None:
    """Whoever sends it, and whatever he says he is."""
    made = owner.copy().draft(Create(f"{POST}/one", block("one")))
    body = packed([made.commit.cid], only_new(made))

    answer = roost.client.post(f"{URL}?did={owner.did}&x=1", content=body, headers={**CAR, "authorization": "nonsense"})

    check_empty(answer)


def test_what_was_sent_can_be_synced(roost: Roost, owner: Owner) -> None:
    """syncGetRepo knows such a commit as one of the repository's."""
    filled(owner)
    before = exported(roost, owner.did)
    made = owner.copy().draft(Create(f"{POST}/one", block("one")))
    check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))

    gained = exported(roost, owner.did, **{"from": str(before.roots[0])})

    assert gained.blocks == only_new(made)


def test_commits_that_race(roost: Roost, owner: Owner) -> None:
    """Of several on one state the tree is one's; another succeeds only where it comes after."""
    copy = owner.copy()
    made = [
        copy.draft_as(partial(copy.sign, rev=copy.rev(n + 1)), Create(f"{POST}/r{n}", block(f"{n}")))
        for n in range(RACERS)
    ]

    answers = at_once([partial(send, roost, owner.did, packed([each.commit.cid], only_new(each))) for each in made])

    assert {answer.status_code for answer in answers} <= {200, 400}
    won = [each for each, answer in zip(made, answers, strict=True) if answer.status_code == 200]
    assert root(roost, owner.did) == str(max(won, key=lambda each: each.commit.rev).commit.cid)
    assert judged(roost, owner.did).records == 1


def test_a_commit_that_races_with_the_server_s_own(roost: Roost, owner: Owner) -> None:
    """Whoever comes first, no record is in the tree that is not listed, nor the other way round."""
    filled(owner, 5)
    copy = owner.copy()
    made = [
        copy.draft_as(partial(copy.sign, rev=copy.rev(60_000_000 + n)), Create(f"{POST}/r{n}", block(f"{n}")))
        for n in range(4)
    ]
    params = {"did": owner.did, "type": POST}
    create = partial(owner.person.post, "com.atproto.repoCreateRecord", params=params, json=post())

    answers = at_once(
        [partial(send, roost, owner.did, packed([each.commit.cid], only_new(each))) for each in made] + [create] * 8
    )

    assert {answer.status_code for answer in answers[:4]} <= {200, 400}
    assert {answer.status_code for answer in answers[4:]} == {200}
    in_tree = leaves(exported(roost, owner.did))
    assert [f"{POST}/{key}" for key in texts(roost, owner.did)] == list(in_tree)


def test_parameters(roost: Roost, owner: Owner) -> None:
    """`did` is required and given once, and is a DID."""
    check_refused(roost.client.post(URL, content=b"x", headers=CAR), "Required parameter not supplied: did")
    check_refused(roost.client.post(f"{URL}?did=", content=b"x", headers=CAR), "Required parameter not supplied: did")
    twice = roost.client.post(f"{URL}?did={owner.did}&did={owner.did}", content=b"x", headers=CAR)
    check_refused(twice, "Parameter 'did' must not be given more than once")
    assert send(roost, owner.person.handle, b"x").json()["error"] == "InvalidRequest"


def test_bodies(roost: Roost, owner: Owner) -> None:
    """One is expected, of the one type, and of 16 MiB at the most."""
    url = f"{URL}?did={owner.did}"
    limit = 16 * 1024 * 1024

    check_refused(roost.client.post(url, headers=CAR), "A request body is expected but none was provided")
    check_refused(roost.client.post(url, content=b"x"), "Invalid request encoding: false")
    car = {"content-type": "application/vnd.ipld.car"}
    other = roost.client.post(url, content=b"x", headers=car)
    check_refused(other, "Invalid request encoding: application/vnd.ipld.car")
    large = roost.client.post(url, content=iter([bytes(limit), b"x"]), headers=CAR)
    check_refused(large, "request entity too large", status=413, name="PayloadTooLarge")


def test_a_record_of_a_megabyte(roost: Roost, owner: Owner) -> None:
    """The largest there may be."""
    value = cbor.encode({"$type": POST, "text": ""})
    largest = cbor.encode({"$type": POST, "text": "x" * (1_000_000 - len(value) - 4)})
    assert len(largest) == 1_000_000
    made = owner.copy().draft(Create(f"{POST}/large", largest))

    check_empty(send(roost, owner.did, packed([made.commit.cid], only_new(made))))
    check_done(roost.get("com.atproto.syncGetRoot", did=owner.did), {"root": str(made.commit.cid)})


def test_it_is_a_procedure(roost: Roost) -> None:
    """Only POST will do."""
    check_wrong_verb(roost, NSID, right="POST")
