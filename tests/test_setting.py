"""Reading one setting: what it may be, and how what it may not be is told."""

from ipaddress import ip_network

import pytest

from roost import setting
from roost.config import ConfigError, load
from roost.setting import Setting


def given(value: object, name: str = "trusted_proxies") -> Setting:
    """Give a setting."""
    return Setting(name, value, f"ROOST_{name.upper()}")


def test_networks_are_addresses_and_blocks() -> None:
    """Between commas, or a list of TOML; `none` is none."""
    both = (ip_network("10.0.0.0/8"), ip_network("2001:db8::1"))

    assert setting.networks(given(" 10.0.0.0/8 , 2001:db8::1")) == both
    assert setting.networks(given(["10.0.0.0/8", "2001:db8::1"])) == both
    assert setting.networks(given("none")) == ()


@pytest.mark.parametrize("value", ["10.0.0.1/8", "proxy.example.com", "10.0.0.0/33", 7, ["none", "10.0.0.0/8"]])
def test_what_is_no_network(value: object) -> None:
    """It is told with the setting's name, and what it should be."""
    with pytest.raises(ConfigError, match=r"ROOST_TRUSTED_PROXIES must be a list of addresses and networks"):
        setting.networks(given(value))


@pytest.mark.parametrize("value", [0, "-1", "many", 1_000_001, "²", True])
def test_a_count_is_a_number(value: object) -> None:
    """From one to a million."""
    with pytest.raises(ConfigError, match="a number from 1 to 1000000"):
        setting.count(given(value))


def test_a_did() -> None:
    """Of a moderation service, say."""
    assert setting.did(given("did:web:mod.test")) == "did:web:mod.test"
    with pytest.raises(ConfigError, match="a DID"):
        setting.did(given("mod.test"))


@pytest.mark.parametrize("name", ["rate_limit_store", "rate_limit_bypass_key"])
def test_a_secret_is_not_shown(name: str) -> None:
    """An error may end in a log."""
    with pytest.raises(ConfigError) as refused:
        load(flags={name: "http://user:hunter2@host" if name.endswith("store") else "   "})

    assert "hunter2" not in str(refused.value)


def test_who_is_trusted_and_limited_unless_it_is_said() -> None:
    """Proxies on private networks, and everybody; nobody goes past the limits."""
    config = load()

    assert ip_network("127.0.0.0/8") in config.trusted_proxies
    assert ip_network("192.168.0.0/16") in config.trusted_proxies
    assert (config.rate_limits, config.rate_limit_bypass_ips, config.rate_limit_bypass_key) == (True, (), None)
    assert load(flags={"dev": True}).rate_limits is False
