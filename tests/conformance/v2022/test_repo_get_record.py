"""com.atproto.repoGetRecord, October 2022."""

import pytest

from support.server import Person, Roost
from support.v2022 import POST, check_done, check_invalid, check_refused, check_wrong_verb, post
from support.v2022_records import BAD_KEYS, BAD_TYPES, CID

NSID = "com.atproto.repoGetRecord"
URL = f"/xrpc/{NSID}"
VALUE = {"$type": "com.example.got", "link": {"$link": CID}, "bytes": {"$bytes": "AAEC"}, "text": "é🙂", "n": 1}


@pytest.fixture(scope="module")
def tid(alice: Person) -> str:
    """The key of a record of Alice's, which holds VALUE."""
    params = {"did": alice.did, "type": "com.example.got", "validate": "false"}
    return str(alice.post("com.atproto.repoCreateRecord", params=params, json=VALUE).json()["uri"]).rpartition("/")[2]


def test_a_record_is_read(roost: Roost, alice: Person, tid: str) -> None:
    """By name in any case or by DID; the URI always has the DID, and links and bytes their JSON form."""
    told = {"uri": f"at://{alice.did}/com.example.got/{tid}", "value": VALUE}

    for user in (alice.did, alice.handle, alice.handle.upper()):
        check_done(roost.get(NSID, nameOrDid=user, type="com.example.got", tid=tid), told)


def test_the_newest_version_is_read(roost: Roost, alice: Person) -> None:
    """From the moment that the write was answered."""
    for n in range(5):
        params = {"did": alice.did, "type": POST, "tid": "version"}
        alice.post("com.atproto.repoPutRecord", params=params, json=post(f"{n}"))
        read = roost.get(NSID, nameOrDid=alice.did, type=POST, tid="version")
        assert read.json()["value"] == post(f"{n}")


def test_a_record_that_is_not_there(roost: Roost, alice: Person, tid: str) -> None:
    """Not at that key, or not of that type; the message names it by its DID."""
    for type, key in (("com.example.got", "other"), (POST, tid), ("com.example.never", "self")):
        answer = roost.get(NSID, nameOrDid=alice.handle, type=type, tid=key)
        check_refused(answer, f"Could not locate record: at://{alice.did}/{type}/{key}")


@pytest.mark.parametrize("user", ["nobody.test", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "nonsense", "two words"])
def test_a_user_who_is_not_here(roost: Roost, user: str) -> None:
    """By name or by DID."""
    check_refused(roost.get(NSID, nameOrDid=user, type=POST, tid="self"), f"Could not find user: {user}")


def test_names_and_keys_are_well_formed(roost: Roost, alice: Person) -> None:
    """Nothing could be there."""
    for type in BAD_TYPES:
        check_invalid(roost.get(NSID, nameOrDid=alice.did, type=type, tid="self"), "")
    for key in BAD_KEYS:
        check_invalid(roost.get(NSID, nameOrDid=alice.did, type=POST, tid=key), "")


@pytest.mark.parametrize("name", ["nameOrDid", "type", "tid"])
def test_a_parameter_is_required(roost: Roost, alice: Person, name: str) -> None:
    """An empty one is none, and two are one too many."""
    params = {"nameOrDid": alice.did, "type": POST, "tid": "x"}
    rest = {key: value for key, value in params.items() if key != name}

    check_refused(roost.get(NSID, **rest), f"Required parameter not supplied: {name}")
    check_refused(roost.get(NSID, **rest | {name: ""}), f"Required parameter not supplied: {name}")
    twice = roost.client.get(URL, params=[*params.items(), (name, params[name])])
    check_refused(twice, f"Parameter '{name}' must not be given more than once")


def test_unknown_parameters_are_ignored(roost: Roost, alice: Person, tid: str) -> None:
    """And so are credentials."""
    params = {"nameOrDid": alice.did, "type": "com.example.got", "tid": tid, "cid": "nonsense"}

    assert roost.client.get(URL, params=params, headers={"authorization": "x"}).json()["value"] == VALUE


def test_head(roost: Roost, alice: Person, tid: str) -> None:
    """The same without the body."""
    answer = roost.client.head(URL, params={"nameOrDid": alice.did, "type": "com.example.got", "tid": tid})

    assert (answer.status_code, answer.content) == (200, b"")


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
