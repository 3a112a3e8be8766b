"""com.atproto.repoListRecords, October 2022."""

import itertools

import pytest

from support.server import Person, Roost
from support.v2022 import POST, check_done, check_invalid, check_refused, check_wrong_verb, post
from support.v2022_records import BAD_BOOLEANS, BAD_TYPES

NSID = "com.atproto.repoListRecords"
URL = f"/xrpc/{NSID}"
TYPE = "com.example.listed"
KEYS = ["a", "b", "c", "d", "e"]


@pytest.fixture(scope="module")
def five(alice: Person) -> Person:
    """Alice, with five records of one type and some of its neighbours in the order of paths."""
    for type, keys in ((TYPE, KEYS), (f"{TYPE}-more.x", ["a"]), (f"{TYPE}s", ["a"]), ("com.example.liste", ["z"])):
        for key in keys:
            params = {"did": alice.did, "type": type, "tid": key, "validate": "false"}
            assert alice.post("com.atproto.repoPutRecord", params=params, json={"key": key}).status_code == 200
    return alice


@pytest.fixture(scope="module")
def many(roost: Roost) -> Person:
    """Somebody with 130 posts, the oldest first."""
    person = roost.person()
    for start in (0, 65):
        writes = [{"action": "create", "collection": POST, "value": post(f"{start + n}")} for n in range(65)]
        answer = person.post("com.atproto.repoBatchWrite", params={"did": person.did}, json={"writes": writes})
        assert answer.status_code == 200
    return person


def keys(roost: Roost, person: Person, **params: object) -> list[str]:
    """Return the keys of what is listed."""
    answer = roost.get(NSID, **{"nameOrDid": person.did, "type": TYPE} | params)
    assert answer.status_code == 200, answer.text
    return [record["uri"].rpartition("/")[2] for record in answer.json()["records"]]


def texts(roost: Roost, person: Person, **params: object) -> list[int]:
    """Return the numbers of the posts that are listed."""
    answer = roost.get(NSID, **{"nameOrDid": person.did, "type": POST} | params)
    assert answer.status_code == 200, answer.text
    return [int(record["value"]["text"]) for record in answer.json()["records"]]


def test_records_are_listed(roost: Roost, five: Person) -> None:
    """Oldest first, by name or by DID, with nothing but their URIs and values; no others of types alike."""
    records = [{"uri": f"at://{five.did}/{TYPE}/{key}", "value": {"$type": TYPE, "key": key}} for key in KEYS]

    for user in (five.did, five.handle, five.handle.upper()):
        check_done(roost.get(NSID, nameOrDid=user, type=TYPE), {"records": records})


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"reverse": "true"}, "edcba"),
        ({"reverse": "false"}, "abcde"),
        ({"reverse": ""}, "abcde"),
        ({"limit": 2}, "ab"),
        ({"limit": 2, "reverse": "true"}, "ed"),
        ({"after": "b"}, "cde"),
        ({"after": "b", "limit": 2}, "cd"),
        ({"before": "d"}, "abc"),
        # Bounds are absolute: with a limit, it is the lowest below `before`, not the nearest.
        ({"before": "d", "limit": 2}, "ab"),
        ({"before": "d", "limit": 2, "reverse": "true"}, "cb"),
        ({"after": "b", "limit": 2, "reverse": "true"}, "ed"),
        ({"after": "a", "before": "e"}, "bcd"),
        ({"after": "a", "before": "e", "reverse": "true"}, "dcb"),
        ({"after": "b", "before": "c"}, ""),
        ({"after": "d", "before": "b"}, ""),
        ({"after": "e"}, ""),
        ({"before": "a"}, ""),
        ({"after": "", "before": ""}, "abcde"),
        # They need not be keys of records, nor of any.
        ({"after": "bb", "before": "dd"}, "cd"),
        ({"after": "A", "before": "zz"}, "abcde"),
        ({"after": "not a key/at all"}, ""),
        ({"before": "~" * 600}, "abcde"),
        ({"after": "ü"}, ""),
    ],
)
def test_ranges(roost: Roost, five: Person, params: dict[str, object], expected: str) -> None:
    """`before` and `after` are bounds of the key whatever the order; neither is inside."""
    assert "".join(keys(roost, five, **params)) == expected


def test_every_range_is_what_a_plain_filter_gives(roost: Roost, five: Person) -> None:
    """All bounds, both orders, some limits."""
    bounds = [None, "a", "b", "c", "e"]
    for after, before, reverse, limit in itertools.product(bounds, bounds, (False, True), (1, 3)):
        inside = [key for key in KEYS if (after is None or key > after) and (before is None or key < before)]
        expected = sorted(inside, reverse=reverse)[:limit]
        params = {"after": after, "before": before, "reverse": str(reverse).lower(), "limit": limit}
        given = {name: value for name, value in params.items() if value is not None}
        assert keys(roost, five, **given) == expected, given


def test_the_limit(roost: Roost, many: Person) -> None:
    """50 when nothing is said; as many as are asked for up to 100, and 100 for more."""
    assert texts(roost, many) == list(range(50))
    assert texts(roost, many, limit="") == list(range(50))
    assert texts(roost, many, limit=1) == [0]
    assert texts(roost, many, limit=99) == list(range(99))
    for more in (100, 101, 1000, 9_007_199_254_740_991):
        assert texts(roost, many, limit=more) == list(range(100))
    assert texts(roost, many, limit=100, reverse="true") == list(range(129, 29, -1))


def test_paging(roost: Roost, many: Person) -> None:
    """Forward by `after` the last, back by `before` with `reverse`: every record once."""
    forward: list[int] = []
    last = ""
    while page := keys(roost, many, type=POST, limit=40, after=last):
        forward += texts(roost, many, limit=40, after=last)
        last = page[-1]
    backward: list[int] = []
    while page := keys(roost, many, type=POST, limit=40, before=last or None, reverse="true"):
        backward += texts(roost, many, limit=40, before=last, reverse="true")
        last = page[-1]

    assert forward == list(range(130))
    assert backward == list(range(128, -1, -1))


def test_limits_that_are_none(roost: Roost, five: Person) -> None:
    """Below one, in the words of the time; or not an integer at all."""
    for limit in ("0", "-1", "-100"):
        answer = roost.get(NSID, nameOrDid=five.did, type=TYPE, limit=limit)
        check_refused(answer, "Parameter 'limit' is less than minimum allowed value (1)")
    for limit in ("1.5", "x", "1e2", "0x10", "NaN", "Infinity", " 1", "٣", "+1", "1" * 5000):
        answer = roost.get(NSID, nameOrDid=five.did, type=TYPE, limit=limit)
        check_refused(answer, "Parameter 'limit' must be an integer")


def test_reverse_is_true_or_false(roost: Roost, five: Person) -> None:
    """Nothing else is either of them."""
    for reverse in BAD_BOOLEANS:
        answer = roost.get(NSID, nameOrDid=five.did, type=TYPE, reverse=reverse)
        check_refused(answer, "Parameter 'reverse' must be a boolean")


def test_a_collection_that_is_not_there(roost: Roost, alice: Person) -> None:
    """It has no records."""
    check_done(roost.get(NSID, nameOrDid=alice.did, type="com.example.never"), {"records": []})


def test_a_type_is_an_nsid(roost: Roost, alice: Person) -> None:
    """Nothing else could have records."""
    for type in BAD_TYPES:
        check_invalid(roost.get(NSID, nameOrDid=alice.did, type=type), "")


@pytest.mark.parametrize("user", ["nobody.test", "did:plc:ewvi7nxzyoun6zhxrhs64oiz", "nonsense", "two words"])
def test_a_user_who_is_not_here(roost: Roost, user: str) -> None:
    """By name or by DID: an unknown one is no empty one."""
    check_refused(roost.get(NSID, nameOrDid=user, type=POST), f"Could not find user: {user}")


@pytest.mark.parametrize("name", ["nameOrDid", "type", "limit", "before", "after", "reverse"])
def test_a_parameter_is_given_once(roost: Roost, alice: Person, name: str) -> None:
    """Two are one too many, required or not."""
    params = {"nameOrDid": alice.did, "type": TYPE, "limit": "1", "before": "a", "after": "b", "reverse": "true"}

    twice = roost.client.get(URL, params=[*params.items(), (name, params[name])])

    check_refused(twice, f"Parameter '{name}' must not be given more than once")


@pytest.mark.parametrize("name", ["nameOrDid", "type"])
def test_a_parameter_is_required(roost: Roost, alice: Person, name: str) -> None:
    """An empty one is none."""
    params = {"nameOrDid": alice.did, "type": TYPE}
    rest = {key: value for key, value in params.items() if key != name}

    check_refused(roost.get(NSID, **rest), f"Required parameter not supplied: {name}")
    check_refused(roost.get(NSID, **rest | {name: ""}), f"Required parameter not supplied: {name}")


def test_unknown_parameters_are_ignored(roost: Roost, five: Person) -> None:
    """Today's too, which would mean something else; and credentials."""
    assert keys(roost, five, cursor="c", collection="x", rkeyStart="b") == KEYS
    params = {"nameOrDid": five.did, "type": TYPE}
    assert roost.client.get(URL, params=params, headers={"authorization": "x"}).status_code == 200


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
