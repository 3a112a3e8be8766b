"""com.atproto.identity.getRecommendedDidCredentials."""

import threading
import time
from pathlib import Path

import httpx

from roost.crypto.keys import PrivateKey
from roost.services.caller import Scope
from support.calls import at_once, refusal, set_status
from support.directory import front
from support.identity import plc_data, scoped
from support.server import Person, Roost, running

NSID = "com.atproto.identity.getRecommendedDidCredentials"


def test_what_the_did_says_already(roost: Roost, anybody: Person) -> None:
    """For an account that lives here nothing is to be changed."""
    answer = anybody.get(NSID)

    assert answer.status_code == 200, answer.text
    state = plc_data(roost, anybody.did)
    assert answer.json() == {name: state[name] for name in state if name != "did"}


def test_an_owners_recovery_key_comes_first(roost: Roost) -> None:
    """The one that createAccount was given is remembered."""
    key = PrivateKey.generate().public.did_key
    body = {"handle": "recoverable.test", "email": "r@mail.test", "password": "correct horse", "recoveryKey": key}
    made = roost.post("com.atproto.server.createAccount", json=body).json()

    headers = {"authorization": f"Bearer {made['accessJwt']}"}
    found = roost.client.get(f"/xrpc/{NSID}", headers=headers).json()["rotationKeys"]

    assert found[0] == key
    assert len(found) == 2


def test_who_may(roost: Roost, person: Person) -> None:
    """Any token of the account, also while it is deactivated."""
    assert refusal(roost.get(NSID))[:2] == (401, "AuthMissing")
    for status, scope in ((None, Scope.APP_PASS), ("deactivated", Scope.ACCESS)):
        set_status(roost, person, status)
        assert roost.client.get(f"/xrpc/{NSID}", headers=scoped(roost, person, scope)).status_code == 200


def test_a_directory_that_answers_hugely_stops_nobody(tmp_path: Path) -> None:
    """Thirty megabytes for an operation are refused as they arrive, whoever asked; the others do not wait for that."""
    with front() as directory, running(tmp_path, plc_url=directory.url) as roost:
        directory.behind = roost.plc_url
        person = roost.person()
        directory.instead["/log/last"] = b"[" + b"[]," * 10_000_000 + b"[]]"
        waits, over = [0.0], threading.Event()

        def watch() -> None:
            with httpx.Client(base_url=roost.url, timeout=60) as client:
                while not over.is_set():
                    began = time.monotonic()
                    assert client.get("/xrpc/_health").status_code == 200
                    waits.append(time.monotonic() - began)

        watcher = threading.Thread(target=watch)
        watcher.start()
        answers = at_once(4, lambda _: person.get(NSID))
        over.set()
        watcher.join()

        assert [refusal(answer)[:2] for answer in answers] == [(502, "UpstreamFailure")] * 4
        print(f"the longest that others waited: {max(waits):.3f} s")  # noqa: T201 - what was measured, for who asks
