"""The services put together from the settings: what a setting that could not work does, and that nothing is missing."""

from pathlib import Path

import pytest

from roost.api import methods, registry, v2022
from roost.app import open_server
from roost.config import ConfigError, load

pytestmark = pytest.mark.anyio

NO_POINT = "did:key:zQ3shMQnkqiyfujhRPGFFqSEeD2yV9kUcmyBiu2fT2BXfFPMN"
"""A did:key in form, whose bytes are not a point on the curve."""


@pytest.fixture
def anyio_backend() -> str:
    """The event loop the server runs on."""
    return "asyncio"


async def test_a_recovery_key_that_could_not_sign_stops_the_start(tmp_path: Path) -> None:
    """Every account made with it would be one that its operator cannot take back; the message names the setting."""
    config = load(flags={"dev": True, "data": tmp_path, "recovery_key": NO_POINT})

    with pytest.raises(ConfigError, match="^ROOST_RECOVERY_KEY is not a key"):
        async with open_server(config):
            pass


async def test_each_service_is_there_once_for_every_method(tmp_path: Path) -> None:
    """All methods of both generations find what they name, each by its class."""
    async with open_server(load(flags={"dev": True, "data": tmp_path})) as server:
        served = [*methods.METHODS, *v2022.METHODS]

        bound = registry.build(served, services=server.services, catalog=server.catalog)

        assert len(bound) == len(served)
        assert all(type(service) is kind for kind, service in server.services.items())
