"""What an operator asks a running server beside the protocol."""

import pytest

from support.calls import refusal
from support.server import Roost
from support.subscriber import subscribed

STATUS, CRAWL = "/_roost/relays", "/_roost/relays/crawl"


def test_the_administrator_is_told(own_roost: Roost) -> None:
    """Who the server is, its last event, its relays and its subscribers."""
    own_roost.person()
    with subscribed(own_roost.url, 0) as subscriber:
        seqs = [body["seq"] for _, body in subscriber.take(4)]
        told = own_roost.client.get(STATUS, auth=own_roost.admin)
        asked = own_roost.client.post(CRAWL, auth=own_roost.admin)

    assert told.headers["cache-control"] == "no-store"
    assert told.headers["content-type"] == "application/json"
    assert (told.json()["hostname"], told.json()["seq"], told.json()["relays"]) == ("localhost", seqs[-1], [])
    (listed,) = told.json()["subscribers"]
    assert listed["peer"].startswith("127.0.0.1 Python/")
    assert (listed["cursor"], listed["behind"], listed["live"]) == (seqs[-1], 0, True)
    assert asked.json()["relays"] == []


@pytest.mark.parametrize(("verb", "path"), [("GET", STATUS), ("POST", CRAWL)])
def test_nobody_else_is(roost: Roost, verb: str, path: str) -> None:
    """Without the password, with a wrong one, and with anybody's token."""
    person = roost.person()
    for auth in (None, ("admin", "wrong"), ("alice", roost.admin_password)):
        answer = roost.client.request(verb, path, auth=auth)
        assert refusal(answer)[0] == 401
        assert answer.headers["www-authenticate"].startswith("Basic ")
    assert refusal(roost.client.request(verb, path, headers=person.auth))[0] == 401
    assert refusal(roost.client.request(verb, path, headers={b"authorization": b"Basic \xff\xfe"}))[0] == 401


def test_a_wrong_verb_is_refused(roost: Roost) -> None:
    """Looking changes nothing, so it is a GET; asking relays is a POST."""
    assert roost.client.post(STATUS, auth=roost.admin).status_code == 405
    assert roost.client.get(CRAWL, auth=roost.admin).status_code == 405
