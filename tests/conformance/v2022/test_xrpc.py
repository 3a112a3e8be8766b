"""The layer below the methods, October 2022: paths, names of errors, pages of other origins, coded bodies."""

import gzip

import pytest

from roost.api.v2022 import METHODS
from support.server import PASSWORD, Person, Roost
from support.v2022 import check_done, check_refused

NSIDS = [method.nsid for method in METHODS]


@pytest.mark.parametrize("nsid", ["com.atproto.nothing", "com.atproto.createaccount", "com.example.method"])
def test_a_method_that_is_not_served(roost: Roost, nsid: str) -> None:
    """It says so, in JSON."""
    for verb in ("GET", "POST"):
        answer = roost.client.request(verb, f"/xrpc/{nsid}")
        assert (answer.status_code, answer.json()["error"]) == (501, "MethodNotImplemented")
        assert answer.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("path", ["/nothing", "/xrpc/com.atproto.getSession/more", "/xrpc/com.atproto.getSession/a/b"])
def test_a_path_that_is_not_there(roost: Roost, path: str) -> None:
    """What lies below a method is not the method."""
    answer = roost.client.get(path)

    assert (answer.status_code, answer.json()["error"]) == (404, "XRPCNotSupported")


@pytest.mark.parametrize("nsid", NSIDS)
def test_pages_of_other_origins_may_ask(roost: Roost, nsid: str) -> None:
    """Any page, with any header."""
    asked = {"origin": "https://x.test", "access-control-request-headers": "authorization,x-more"}

    answer = roost.client.options(f"/xrpc/{nsid}", headers=asked)

    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == "authorization,x-more"


@pytest.mark.parametrize("nsid", NSIDS)
def test_a_request_of_nothing_is_no_fault_of_ours(roost: Roost, nsid: str) -> None:
    """Whatever is missing has a name, and a status below 500."""
    for verb in ("GET", "POST"):
        answer = roost.client.request(verb, f"/xrpc/{nsid}", content=b"\xff", headers={"authorization": "nonsense"})
        assert answer.status_code < 500
        if answer.status_code != 200:
            assert answer.json().keys() == {"error", "message"}


def test_a_body_may_be_compressed(roost: Roost, alice: Person) -> None:
    """The limit is for what it is decompressed."""
    url = "/xrpc/com.atproto.createSession"
    headers = {"content-type": "application/json; charset=UTF-8", "content-encoding": "gzip"}
    body = b'{"username":"%b","password":"%b"}' % (alice.handle.encode(), PASSWORD.encode())

    assert roost.client.post(url, content=gzip.compress(body), headers=headers).json()["did"] == alice.did
    bomb = gzip.compress(b'{"username":"%b"}' % (b"x" * 1_000_000))
    too_large = roost.client.post(url, content=bomb, headers=headers)
    check_refused(too_large, "request entity too large", status=413, name="PayloadTooLarge")


def test_parameters_are_decoded_once(roost: Roost, alice: Person) -> None:
    """A `+` is a space, and `%2B` a plus."""
    url = "/xrpc/com.atproto.resolveName"

    check_done(roost.client.get(f"{url}?name=%61{alice.handle[1:]}"), {"did": alice.did})
    check_refused(roost.client.get(f"{url}?name=a+{alice.handle}"), "Unable to resolve name")
    check_refused(roost.client.get(f"{url}?name=%2561{alice.handle[1:]}"), "Unable to resolve name")
