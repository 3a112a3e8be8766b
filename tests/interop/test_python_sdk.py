"""The Python SDK, `atproto` from PyPI: posts, images, likes and follows, and its firehose client through a restart."""

import base64
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from atproto import CAR, AtUri, Client, client_utils, models
from atproto_firehose import FirehoseSubscribeReposClient, parse_subscribe_repos_message

from support.process import ServerProcess

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:Use 'content=<...>':DeprecationWarning"),  # the SDK's way with httpx
]

PASSWORD = "correct horse battery"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
PATIENCE = 60.0

Sdk = Any
"""What the SDK gives: it has no types that we check."""


Join = Callable[[ServerProcess, str], Sdk]


@pytest.fixture
def join() -> Iterator[Join]:
    """Makes accounts, and returns clients that are signed in as the SDK signs in, until the test ends."""
    clients = []

    def make(server: ServerProcess, name: str) -> Sdk:
        clients.append(client := Client(server.url))
        wanted = {"handle": f"{name}.test", "email": f"{name}@mail.test", "password": PASSWORD}
        client.com.atproto.server.create_account(models.ComAtprotoServerCreateAccount.Data(**wanted))
        clients.append(client := Client(server.url))
        client.login(f"{name}.test", PASSWORD, fetch_bsky_profile=False)
        identify(client)
        return client

    yield make
    for client in clients:
        client.request.close()


def identify(client: Sdk) -> None:
    """Tell a client who it is; it would ask an AppView, of which there is none."""
    told = client.com.atproto.server.get_session()
    client.me = models.AppBskyActorDefs.ProfileViewDetailed(did=told.did, handle=told.handle)


def test_posts_images_likes_and_follows(served: ServerProcess, join: Join) -> None:
    """What one writes with the SDK another reads with it: rich text, an image and its bytes, a like, a follow."""
    alice, bob = join(served, "sdk-alice"), join(served, "sdk-bob")
    text = client_utils.TextBuilder().text("Hello ").mention("@bob", bob.me.did)
    post = alice.send_image(text.text(" 🦉"), PNG, "a grey pixel", langs=["en"])

    like = bob.like(post.uri, post.cid)
    follow = bob.follow(alice.me.did)
    read = bob.get_post(AtUri.from_str(post.uri).rkey, alice.me.did)

    assert (read.cid, read.value.text) == (post.cid, "Hello @bob 🦉")
    blob = read.value.embed.images[0].image
    fetched = bob.com.atproto.sync.get_blob({"did": alice.me.did, "cid": blob.cid.encode()})
    assert fetched == PNG
    car = CAR.from_bytes(bob.com.atproto.sync.get_repo({"did": bob.me.did}))
    types = sorted(block["$type"] for block in car.blocks.values() if "$type" in block)
    assert types == ["app.bsky.feed.like", "app.bsky.graph.follow"]
    assert car.blocks[car.root]["did"] == bob.me.did
    assert bob.unlike(like.uri)
    assert bob.unfollow(follow.uri)


def test_a_session_is_saved_and_taken_up(served: ServerProcess, join: Join) -> None:
    """A session that was written down is taken up by another client, and goes on when its token is renewed."""
    saved = join(served, "sdk-carol").export_session_string()

    again = Client(served.url)
    again.login(session_string=saved, fetch_bsky_profile=False)
    again._refresh_and_set_session()
    identify(again)
    post = again.send_post("still here")
    again.request.close()

    assert post.uri.startswith(f"at://{again.me.did}/")


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerProcess]:
    """A server process that ends with the test."""
    server = ServerProcess(tmp_path / "data", tmp_path / "log")
    try:
        server.start()
        yield server
    finally:
        server.end()


class Follower:
    """The SDK's firehose client in a thread; `paths` are the records it was told of, each with its value's text."""

    def __init__(self, server: ServerProcess) -> None:
        self.told: list[tuple[str, str]] = []
        self.kinds: set[str] = set()
        self.error: BaseException | None = None
        self._more = threading.Condition()
        base = server.url.replace("http", "ws") + "/xrpc"
        self._client = FirehoseSubscribeReposClient({"cursor": 0}, base_uri=base)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def until(self, path: str) -> None:
        """Wait until it was told of a record."""
        with self._more:
            came = self._more.wait_for(lambda: any(told == path for told, _ in self.told) or self.error, PATIENCE)
        assert came, f"{path} has not come: {self.told}"
        assert self.error is None, self.error

    def stop(self) -> None:
        """Follow no more."""
        self._client.stop()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def _run(self) -> None:
        self._client.start(self._take, self._fail)
        self._fail(RuntimeError("the client has stopped by itself"))

    def _fail(self, error: BaseException) -> None:
        with self._more:
            self.error = error
            self._more.notify_all()

    def _take(self, frame: Sdk) -> None:
        message = parse_subscribe_repos_message(frame)
        with self._more:
            self.kinds.add(type(message).__qualname__)
            if isinstance(message, models.ComAtprotoSyncSubscribeRepos.Commit):
                blocks = CAR.from_bytes(message.blocks).blocks
                for op in message.ops:
                    record: Sdk = models.get_or_create(blocks[op.cid], strict=False)
                    self.told.append((f"at://{message.repo}/{op.path}", record.text))
            self._client.update_params({"cursor": message.seq})
            self._more.notify_all()


def test_its_firehose_client_comes_back_after_a_restart(server: ServerProcess, join: Join) -> None:
    """Each post is told once, in order, though the server was stopped and started in between."""
    client = join(server, "alice")
    follower = Follower(server)
    try:
        posts = [client.send_post(f"post {n}").uri for n in range(3)]
        follower.until(posts[-1])
        assert server.stop() == 0
        server.start()
        posts += [client.send_post(f"post {n}").uri for n in range(3, 6)]
        follower.until(posts[-1])
    finally:
        follower.stop()

    assert follower.told == [(uri, f"post {n}") for n, uri in enumerate(posts)]
    assert follower.kinds == {"Commit", "Identity", "Account", "Sync"}
