"""com.atproto.repo.listRecords."""

import pytest

from support.blobs import hide
from support.calls import THING, create, fill, put, refusal, set_status
from support.server import Person, Roost


def listed(person: Person, **params: object) -> tuple[list[str], str | None]:
    """Return the keys of a page, and its cursor."""
    answer = person.get("com.atproto.repo.listRecords", **({"repo": person.did, "collection": THING} | params))
    assert answer.status_code == 200, answer.text
    told = answer.json()
    return [record["uri"].rpartition("/")[2] for record in told["records"]], told.get("cursor")


def test_the_newest_key_comes_first(person: Person) -> None:
    """Unless the page is turned around."""
    fill(person, 3)

    assert listed(person) == (["02", "01", "00"], None)
    assert listed(person, reverse="true") == (["00", "01", "02"], None)


def test_an_entry_is_a_record(person: Person) -> None:
    """With its URI, its CID and its value."""
    cid = put(person, "a", {"n": 1}).json()["cid"]

    answer = person.get("com.atproto.repo.listRecords", repo=person.handle, collection=THING)

    entry = {"uri": f"at://{person.did}/{THING}/a", "cid": cid, "value": {"$type": THING, "n": 1}}
    assert answer.json() == {"records": [entry]}


@pytest.mark.parametrize("reverse", ["false", "true"])
def test_the_cursor_leads_through_all_of_them_once(person: Person, reverse: str) -> None:
    """Also while records are written behind it; the last page has no cursor."""
    fill(person, 7)
    seen: list[str] = []
    cursor: str | None = None

    for page in range(10):
        keys, cursor = listed(person, limit=2, reverse=reverse, **({} if cursor is None else {"cursor": cursor}))
        seen += keys
        put(person, f"zz{page}" if reverse == "false" else f"-{page}", {})
        if cursor is None:
            break

    assert seen == sorted({f"{n:02d}" for n in range(7)}, reverse=reverse == "false")


def test_a_full_last_page_is_followed_by_an_empty_one(person: Person) -> None:
    """Whether there is more is only known by asking."""
    fill(person, 4)

    keys, cursor = listed(person, limit=4)
    assert (len(keys), cursor) == (4, "00")
    assert listed(person, limit=4, cursor=cursor) == ([], None)


def test_a_cursor_need_not_be_a_key(person: Person) -> None:
    """It is a bound, whatever it is; an empty one is none."""
    fill(person, 3)

    assert listed(person, cursor="01x") == (["01", "00"], None)
    assert listed(person, cursor="é", reverse="true") == ([], None)
    assert listed(person, cursor="") == (["02", "01", "00"], None)


def test_a_page_has_fifty_records_and_a_hundred_at_most(person: Person) -> None:
    """The default and the limits are those of the lexicon."""
    fill(person, 55)

    assert len(listed(person)[0]) == 50
    assert len(listed(person, limit=100)[0]) == 55
    for limit in (0, 101, -1, "many", 1.5):
        answer = person.get("com.atproto.repo.listRecords", repo=person.did, collection=THING, limit=limit)
        assert refusal(answer)[:2] == (400, "InvalidRequest")


def test_other_collections_are_not_listed(person: Person) -> None:
    """Nor ones whose names begin alike; an empty collection is an empty page."""
    for collection in (THING, f"{THING}s", f"{THING}.sub", "com.example.thin"):
        create(person, {}, collection, rkey="a")

    assert listed(person) == (["a"], None)
    assert listed(person, collection="com.example.nothing") == ([], None)


def test_unreadable_repositories_are_refused(roost: Roost, person: Person) -> None:
    """An unknown one, and one that is not active."""
    answer = roost.get("com.atproto.repo.listRecords", repo="nobody.test", collection=THING)
    assert refusal(answer) == (400, "RepoNotFound", "Could not find repo: nobody.test")

    set_status(roost, person, "deactivated")
    answer = roost.get("com.atproto.repo.listRecords", repo=person.did, collection=THING)
    assert refusal(answer) == (400, "RepoDeactivated", f"Repo has been deactivated: {person.did}")


def test_what_was_taken_down_is_not_listed(roost: Roost) -> None:
    """A page is full all the same, and its cursor goes on behind it."""
    person = roost.person()
    fill(person, 5)
    hide(roost, person, f"{THING}/03", "why")
    params = {"repo": person.did, "collection": THING, "limit": 2}

    first = roost.get("com.atproto.repo.listRecords", **params).json()
    second = roost.get("com.atproto.repo.listRecords", cursor=first["cursor"], **params).json()

    keys = [[record["uri"].rpartition("/")[2] for record in page["records"]] for page in (first, second)]
    assert keys == [["04", "02"], ["01", "00"]]
