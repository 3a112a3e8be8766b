"""The server put together."""

import shutil
from pathlib import Path

import orjson
import pytest

from roost.app import open_server
from roost.config import ConfigError, load
from roost.crypto.errors import WrongMasterKey
from roost.net.mail import DirectoryMailer, NoMailer, SmtpMailer
from roost.services.accounts import Accounts
from roost.services.mail_tokens import MailTokens
from roost.storage.errors import DatabaseInUse
from support.calls import THING, apply, create, delete, exported, fill, head, inspected, read, refusal, sign_in
from support.server import Person, Roost, running

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The event loop the server runs on."""
    return "asyncio"


def test_everything_survives_a_restart(tmp_path: Path) -> None:
    """Tokens, records, passwords and the administrator's password are those of before, and writing goes on."""
    with running(tmp_path) as roost:
        person = roost.person()
        session = sign_in(roost, person)
        fill(person, 12)
        before, admin = head(person), roost.admin_password

    with running(tmp_path) as roost:
        person = Person(person.did, person.handle, person.email, person.jwt, roost.client)
        assert roost.admin_password == admin
        assert head(person) == before
        assert sign_in(roost, person).get().status_code == 200
        assert (
            roost.client.get(
                "/xrpc/com.atproto.server.getSession", headers={"authorization": f"Bearer {session.access}"}
            ).json()["did"]
            == person.did
        )
        assert create(person, {"n": 12}, rkey="12").status_code == 200
        assert delete(person, "07").status_code == 200
        assert apply(person, {"action": "update", "rkey": "08", "value": {"n": 88}}).status_code == 200
        assert inspected(person).problems == ()
        assert inspected(person).records == 12
        assert str(exported(person).roots[0]) != before[0]


def test_the_operators_own_lexicons_count(tmp_path: Path) -> None:
    """A document in the data directory makes its records known, and beats a bundled one."""
    folder = tmp_path / "pds" / "lexicons" / "com"
    folder.mkdir(parents=True)
    (folder / "thing.json").write_bytes(orjson.dumps(record_document(THING)))
    (folder / "post.json").write_bytes(orjson.dumps(record_document("app.bsky.feed.post")))

    with running(tmp_path) as roost:
        person = roost.person()

        assert create(person, {"size": 3}).json()["validationStatus"] == "valid"
        assert create(person, {"size": 3}, "app.bsky.feed.post").json()["validationStatus"] == "valid"
        status, name, message = refusal(create(person, {"size": "big"}))
        assert (status, name) == (400, "InvalidRequest")
        assert message.startswith(f"Invalid {THING} record: Record/size must be an integer")
        assert read(person, "x").status_code == 400


def record_document(nsid: str) -> dict[str, object]:
    """Return a document whose records have a size."""
    schema = {"type": "object", "required": ["size"], "properties": {"size": {"type": "integer"}}}
    return {"lexicon": 1, "id": nsid, "defs": {"main": {"type": "record", "key": "any", "record": schema}}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "bad.json cannot be read as a lexicon document"),
        ('{"lexicon": 2}', "bad.json is not a valid lexicon document"),
        (
            orjson.dumps(record_document(THING)).decode().replace('"integer"', '"ref","ref":"com.example.missing"'),
            "bad.json cannot be used: com.example.missing is referred to, but not known",
        ),
    ],
)
async def test_a_bad_lexicon_stops_the_start(tmp_path: Path, content: str, message: str) -> None:
    """The operator learns of it at once, not when somebody writes such a record."""
    (tmp_path / "lexicons").mkdir()
    (tmp_path / "lexicons" / "bad.json").write_text(content)

    with pytest.raises(ConfigError, match=message):
        async with open_server(load(flags={"dev": True, "data": tmp_path})):
            pass


async def test_two_servers_do_not_share_a_data_directory(tmp_path: Path) -> None:
    """The second is refused, and the first goes on."""
    config = load(flags={"dev": True, "data": tmp_path})

    async with open_server(config) as server:
        with pytest.raises(DatabaseInUse):
            async with open_server(config):
                pass
        assert await server.get(Accounts).count() == 0
    async with open_server(config) as server:
        assert await server.get(Accounts).count() == 0


async def test_another_master_key_stops_the_start(tmp_path: Path) -> None:
    """A database whose key is lost, or replaced, is not run: a new key could sign for nobody."""
    config = load(flags={"dev": True, "data": tmp_path})
    async with open_server(config):
        pass
    shutil.move(tmp_path / "master.key", tmp_path / "kept")
    with pytest.raises(ConfigError, match="restore it from a backup"):
        async with open_server(config):
            pass
    (tmp_path / "master.key").write_text("00" * 32)
    with pytest.raises(WrongMasterKey):
        async with open_server(config):
            pass
    shutil.move(tmp_path / "kept", tmp_path / "master.key")

    async with open_server(config) as server:
        assert server.admin_password == (tmp_path / "admin-password").read_text().strip()


async def test_the_operators_password_is_used_where_it_is_given(tmp_path: Path) -> None:
    """Then none is made."""
    async with open_server(load(flags={"dev": True, "data": tmp_path, "admin_password": "open sesame"})) as server:
        assert server.admin_password == "open sesame"
    assert not (tmp_path / "admin-password").exists()


@pytest.mark.parametrize(
    ("flags", "mailer"),
    [
        ({"dev": True}, DirectoryMailer),
        ({"dev": False}, NoMailer),
        ({"dev": True, "smtp_url": "smtp://localhost", "mail_from": "pds@pds.test"}, SmtpMailer),
    ],
)
async def test_mail_goes_where_the_settings_say(tmp_path: Path, flags: dict[str, object], mailer: type) -> None:
    """Through an SMTP server, into a folder in development, and otherwise nowhere."""
    async with open_server(load(flags={"data": tmp_path} | flags)) as server:
        assert isinstance(server.get(MailTokens)._mailer, mailer)


def test_health_tells_the_version(roost: Roost) -> None:
    """A load balancer asks one path, which asks the database."""
    assert set(roost.client.get("/xrpc/_health").json()) == {"version"}


def test_both_ways_of_asking_whose_a_handle_is(roost: Roost) -> None:
    """The well-known file is that of the host that is asked for."""
    person = roost.person()

    answer = roost.client.get("/.well-known/atproto-did", headers={"host": person.handle})

    assert (answer.status_code, answer.text) == (200, person.did)
    assert roost.client.get("/.well-known/atproto-did", headers={"host": "nobody.test"}).status_code == 404
