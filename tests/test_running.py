"""Serving a development network's directory, and getting at it while nothing serves."""

import asyncio
import dataclasses
from pathlib import Path

import httpx
import pytest

from roost.config import Config, load
from roost.devnet.serving import serve
from roost.running import (
    DatabaseInUse,
    directory,
    has_directory,
    holds_server,
    network,
    resolving,
    run_plc,
    saved_admin_password,
)
from roost.services.errors import UpstreamFailure
from roost.services.inspection import signing_key
from roost.storage.sqlite import SqliteDatabase
from roost.syntax import Did

NOBODY = Did.parse("did:plc:ewvi7nxzyoun6zhxrhs64oiz")


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """The settings of a development network that was never run."""
    return load(flags={"dev": True, "data": tmp_path / "data"})


def test_the_directory_answers_and_keeps_what_it_has(config: Config) -> None:
    """It opens its database when it starts, and makes the folder for its owner alone."""

    async def ask() -> int:
        async with serve(directory(config.data)) as served, httpx.AsyncClient() as client:
            return (await client.get(f"{served.url}/{NOBODY}")).status_code

    assert asyncio.run(ask()) == 404
    assert (config.data.stat().st_mode & 0o777, has_directory(config.data)) == (0o700, True)


def test_the_network_is_there_without_a_server(config: Config) -> None:
    """A command of a development network finds a directory that answers; one for the world changes nothing."""

    async def ask() -> tuple[str, int]:
        async with network(config) as reachable, httpx.AsyncClient() as client:
            return reachable.plc_url, (await client.get(f"{reachable.plc_url}/_health")).status_code

    url, status = asyncio.run(ask())
    assert (url != config.plc_url, status) == (True, 200)


def test_a_served_directory_is_left_alone(config: Config) -> None:
    """Where somebody serves it already, the settings are as they were."""

    async def ask() -> Config:
        async with serve(directory(config.data)), network(config) as reachable:
            return reachable

    assert asyncio.run(ask()) is config


def test_no_network_for_the_world(config: Config) -> None:
    """Outside --dev nothing is served, and nothing made."""

    async def ask() -> Config:
        async with network(dataclasses.replace(config, dev=False)) as reachable:
            return reachable

    assert asyncio.run(ask()).plc_url == config.plc_url
    assert not config.data.exists()


def test_a_directory_that_was_chosen_is_asked(config: Config) -> None:
    """Although a development network's own is idle in the data directory, from settings, flag or environment."""
    asyncio.run(_open_and_close(config.data))
    chosen = load(flags={"dev": True, "data": config.data, "plc_url": "http://localhost:4919"})

    async def ask() -> Config:
        async with network(chosen) as reachable:
            return reachable

    assert asyncio.run(ask()) is chosen


def test_resolving_makes_nothing(config: Config) -> None:
    """Where no development network was run, looking up a DID does not begin one."""

    async def ask() -> None:
        async with resolving(config) as resolver:
            await signing_key(resolver, NOBODY)

    with pytest.raises(UpstreamFailure):
        asyncio.run(ask())
    assert not config.data.exists()


def test_resolving_without_a_server(config: Config) -> None:
    """A DID that the directory does not know has no key, and that is told."""
    asyncio.run(_open_and_close(config.data))

    async def ask() -> None:
        async with resolving(config) as resolver:
            await signing_key(resolver, NOBODY)

    with pytest.raises(UpstreamFailure, match=f"the document of {NOBODY} could not be had: DID not registered"):
        asyncio.run(ask())


def test_what_a_data_directory_tells(config: Config) -> None:
    """Before a server was started there is neither a key nor a password; a password that is set counts first."""
    assert (holds_server(config.data), saved_admin_password(config)) == (False, None)

    config.data.mkdir()
    (config.data / "master.key").touch()
    (config.data / "admin-password").write_text("made\n")

    assert (holds_server(config.data), saved_admin_password(config)) == (True, "made")
    assert saved_admin_password(dataclasses.replace(config, admin_password="set")) == "set"


def test_a_directory_in_use_is_told_by_name(config: Config) -> None:
    """An application that cannot start ends the attempt with its own error, not with the server's."""
    asyncio.run(_open_and_close(config.data))
    db = SqliteDatabase(config.data / "plc" / "plc.sqlite")

    try:
        with pytest.raises(DatabaseInUse):
            run_plc(config.data, host="127.0.0.1", port=0, on_ready=lambda: None)
    finally:
        asyncio.run(db.close())


async def _open_and_close(data: Path) -> None:
    async with serve(directory(data)):
        pass
