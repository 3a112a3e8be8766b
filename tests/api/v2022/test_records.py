"""Records of October 2022."""

import pytest

from roost.api.v2022.records import user
from roost.services.errors import RepoNotFound
from support.calls import THING, fill, read
from support.server import Person, Roost

LIST = "com.atproto.repoListRecords"


def test_bounds_stay_where_they_are_when_the_page_is_turned(roost: Roost, person: Person) -> None:
    """`before` and `after` are bounds of the key; `reverse` only says from which end the page is taken."""
    fill(person, 6)

    def listed(**params: object) -> list[str]:
        answer = roost.get(LIST, nameOrDid=person.handle, type=THING, **params)
        return [record["uri"].rpartition("/")[2] for record in answer.json()["records"]]

    assert listed() == ["00", "01", "02", "03", "04", "05"]
    assert listed(limit=2, after="01") == ["02", "03"]
    assert listed(limit=2, after="01", before="05", reverse="true") == ["04", "03"]


def test_what_one_generation_writes_the_other_reads(roost: Roost, person: Person) -> None:
    """There is one repository behind both."""
    params = {"did": person.did, "type": THING, "tid": "3jzfcijpj2z2a", "validate": "false"}
    url = "/xrpc/com.atproto.repoPutRecord"

    answer = roost.client.post(url, params=params, json={"n": 1}, headers=person.auth)

    assert answer.json() == {"uri": f"at://{person.did}/{THING}/3jzfcijpj2z2a"}
    assert read(person, "3jzfcijpj2z2a").json()["value"] == {"$type": THING, "n": 1}


def test_what_is_no_name_is_nobodys() -> None:
    """A malformed name is one that is not found, and is quoted at no great length."""
    assert user("Alice.TEST") == "alice.test"
    with pytest.raises(RepoNotFound, match=rf"^Could not find repo: {'x' * 300}$"):
        user("x" * 1000)
