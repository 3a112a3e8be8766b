"""The Go implementation's command-line client signs in and posts, and its tool verifies what was exported."""

import subprocess
from pathlib import Path

import httpx
import pytest

from support import golang
from support.process import ServerProcess

# Building the programs takes minutes the first time.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]

PASSWORD = "correct horse battery"


def test_it_signs_in_posts_and_verifies(served: ServerProcess, tmp_path: Path) -> None:
    """`gosky` makes an account, posts and renews its session; `repo-tool` rebuilds the tree of the repository."""
    programs = golang.programs()
    auth, car = tmp_path / "auth.json", tmp_path / "repo.car"

    def gosky(*words: str) -> str:
        command = [str(programs / "gosky"), "--pds-host", served.url, "--plc", served.plc_url, "--auth", str(auth)]
        done = subprocess.run([*command, *words], capture_output=True, text=True, timeout=60, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    gosky("account", "new", "gopher@mail.test", "gopher.test", PASSWORD)
    auth.write_text(gosky("account", "create-session", "gopher.test", PASSWORD))
    cids = []
    for n in range(20):
        cid, uri = gosky("bsky", "post", f"post {n}").split()
        assert uri.startswith("at://did:plc:")
        cids.append(cid)
    gosky("account", "refresh-session")
    gosky("bsky", "post", "with a new token")
    did = uri.split("/")[2]
    car.write_bytes(httpx.get(f"{served.url}/xrpc/com.atproto.sync.getRepo", params={"did": did}).content)
    verified = subprocess.run(
        [programs / "repo-tool", "verify-car-mst", car], capture_output=True, text=True, timeout=60, check=False
    )

    assert (verified.returncode, verified.stdout) == (0, "verified tree\n"), verified.stderr
    page: dict[str, str | bool] = {"repo": did, "collection": "app.bsky.feed.post", "reverse": True}
    listed = httpx.get(f"{served.url}/xrpc/com.atproto.repo.listRecords", params=page).json()["records"]
    assert [each["cid"] for each in listed[:20]] == cids
    assert [each["value"]["text"] for each in listed][-1] == "with a new token"
