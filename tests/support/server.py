"""A real server in the test's process, on loopback, with the PLC directory and the mailbox of a development network.

It runs in a thread with an event loop of its own, on the sockets and connections of `roost serve`; tests talk to it
over HTTP like anybody else.
"""

import asyncio
import contextlib
import itertools
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import uvloop

from roost import storage
from roost.app import Application
from roost.config import load
from roost.devnet.mailbox import Mailbox
from roost.devnet.plc import directory
from roost.devnet.serving import serve
from roost.http.serving import Listener
from roost.http.serving import running as listening
from support.judge import Judge

PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Person:
    """An account of the server under test, with a session of each generation's kind."""

    did: str
    handle: str
    email: str
    jwt: str
    client: httpx.Client = field(repr=False)

    @property
    def auth(self) -> dict[str, str]:
        """The headers that prove who it is."""
        return {"authorization": f"Bearer {self.jwt}"}

    def post(self, nsid: str, **kwargs: object) -> httpx.Response:
        """Call a procedure as this account."""
        return self.client.post(f"/xrpc/{nsid}", headers=self.auth, **kwargs)  # type: ignore[arg-type]  # passed on

    def get(self, nsid: str, **params: object) -> httpx.Response:
        """Call a query as this account."""
        return self.client.get(f"/xrpc/{nsid}", headers=self.auth, params=params)  # type: ignore[arg-type]  # passed on


@dataclass(frozen=True, slots=True)
class Roost:
    """A running server. `client` calls it; `app` and its event loop are for what no request can do."""

    url: str
    plc_url: str
    data: Path
    mailbox: Mailbox
    admin_password: str
    client: httpx.Client
    app: Application
    loop: asyncio.AbstractEventLoop = field(repr=False)

    @property
    def admin(self) -> tuple[str, str]:
        """The administrator's credentials."""
        return ("admin", self.admin_password)

    def person(self, stem: str = "user", **extra: object) -> Person:
        """Make an account with a name of its own; `extra` goes into the request."""
        name = f"{stem}{next(_numbers)}"
        body = {"email": f"{name}@mail.test", "username": f"{name}.test", "password": PASSWORD} | extra
        answer = self.client.post("/xrpc/com.atproto.createAccount", json=body)
        assert answer.status_code == 200, answer.text
        made = answer.json()
        return Person(made["did"], made["username"], str(body["email"]), made["jwt"], self.client)

    def post(self, nsid: str, **kwargs: object) -> httpx.Response:
        """Call a procedure as nobody."""
        return self.client.post(f"/xrpc/{nsid}", **kwargs)  # type: ignore[arg-type]  # passed on

    def get(self, nsid: str, **params: object) -> httpx.Response:
        """Call a query as nobody."""
        return self.client.get(f"/xrpc/{nsid}", params=params)  # type: ignore[arg-type]  # passed on


@contextlib.contextmanager
def running(data: Path, **flags: object) -> Iterator[Roost]:
    """Run a server on `data` until the block ends; `flags` are settings as the command line gives them."""
    box: list[Roost] = []
    failure: list[BaseException] = []
    ready = threading.Event()
    loop = uvloop.new_event_loop()
    stop = asyncio.Event()

    async def live() -> None:
        async with _served(data, flags) as server:
            box.append(server)
            ready.set()
            await stop.wait()

    def run() -> None:
        try:
            loop.run_until_complete(live())
        except BaseException as error:  # noqa: BLE001 - it is the test's to see
            failure.append(error)
        finally:
            ready.set()
            loop.close()

    thread = threading.Thread(target=run, name="roost")
    thread.start()
    ready.wait()
    try:
        if failure:
            raise failure[0]
        with box[0].client:
            yield box[0]
    finally:
        if thread.is_alive():
            loop.call_soon_threadsafe(stop.set)
        thread.join()
    if failure:
        raise failure[0]


@contextlib.asynccontextmanager
async def _served(data: Path, flags: dict[str, object]) -> AsyncIterator[Roost]:
    (data / "plc").mkdir(exist_ok=True)
    plc_db = storage.open(data / "plc" / "plc.sqlite")
    try:
        async with serve(await directory(plc_db, clock=lambda: datetime.now(UTC))) as plc:
            given = {"dev": True, "data": data / "pds", "plc_url": plc.url} | flags
            app = Application(load(flags=given))
            judge = Judge(app)
            async with listening([Listener(judge, "127.0.0.1", 0)]) as (served,):
                assert app.server is not None, "its lifespan has begun"
                url = f"http://127.0.0.1:{served.port}"
                client = httpx.Client(base_url=url, timeout=60)
                mailbox = Mailbox(data / "pds" / "mail")
                loop = asyncio.get_running_loop()
                yield Roost(url, plc.url, data / "pds", mailbox, app.server.admin_password, client, app, loop)
            assert judge.broken == [], "answers break their lexicons"
    finally:
        await plc_db.close()
