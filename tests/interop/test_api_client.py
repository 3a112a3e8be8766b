"""The official client, `@atproto/api`, unmodified: what an app does with an account, from its making to its end.

The client holds each answer against its lexicon, and fails on one that differs.
"""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from support import node, plain_repo
from support.process import ServerProcess

pytestmark = pytest.mark.slow

Part = Callable[[str], dict[str, object]]


def get(served: ServerProcess, nsid: str, **params: object) -> httpx.Response:
    """Call a query as nobody."""
    return httpx.get(f"{served.url}/xrpc/{nsid}", params=params)  # type: ignore[arg-type]  # passed on


@pytest.fixture
def part(packages: Path, served: ServerProcess) -> Part:
    """Runs one part of `client.mjs` against the server, and returns what it tells."""

    def run(name: str) -> dict[str, object]:
        return node.ran(packages, "client.mjs", name, served.url, served.plc_url, served.data / "mail")

    return run


def test_sessions(part: Part) -> None:
    """An account is made, signed in by handle, DID and address, resumed, refreshed and signed out."""
    assert str(part("sessions")["did"]).startswith("did:plc:")


def test_app_passwords(part: Part) -> None:
    """An app password posts, may not do what the owner alone may, and is dead when it was revoked."""
    part("appPasswords")


def test_posts_likes_follows_and_profiles(part: Part, served: ServerProcess) -> None:
    """Rich text, images, likes, reposts, follows and a profile, with blobs that others can fetch."""
    told = part("posting")

    blob = get(served, "com.atproto.sync.getBlob", did=told["did"], cid=told["blob"])
    assert blob.status_code == 200
    assert blob.content.startswith(b"\x89PNG")


def test_puts_swaps_and_batches(part: Part, served: ServerProcess) -> None:
    """Records are put, swapped, listed and written in batches; the repository they end in is whole."""
    did = str(part("writing")["did"])

    car = get(served, "com.atproto.sync.getRepo", did=did).content
    found = plain_repo.verified(car, did, plain_repo.signing_key(served.plc_url, did))
    assert len(found.records) == 120


def test_a_handle_is_changed(part: Part, served: ServerProcess) -> None:
    """The new handle resolves and stands in the directory; the old one does not, and may be taken up again."""
    told = part("handle")

    answer = get(served, "com.atproto.identity.resolveHandle", handle=told["handle"])
    assert answer.json() == {"did": told["did"]}


def test_an_address_is_confirmed_and_changed(part: Part) -> None:
    """Mailed codes confirm an address, change it, and reset a password, each once."""
    part("email")


def test_an_account_sleeps_wakes_and_ends(part: Part, served: ServerProcess) -> None:
    """A deactivated account is closed to others and writes nothing; a deleted one is gone."""
    did = part("life")["did"]

    assert get(served, "com.atproto.repo.describeRepo", repo=did).status_code == 400


def test_preferences(part: Part) -> None:
    """The client's helpers find what they have kept."""
    part("preferences")


def test_another_service_accepts_a_token(part: Part) -> None:
    """`@atproto/xrpc-server` checks a service token against the key in the directory."""
    part("serviceAuth")


def test_the_owner_gets_a_rotation_key(part: Part) -> None:
    """A mailed code has an operation signed that puts the owner's own key first in the directory."""
    part("directory")
