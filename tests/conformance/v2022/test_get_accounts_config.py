"""com.atproto.getAccountsConfig, October 2022."""

from support.server import Roost
from support.v2022 import check_done, check_wrong_verb

NSID = "com.atproto.getAccountsConfig"
URL = f"/xrpc/{NSID}"
CONFIG = {"availableUserDomains": ["test"], "inviteCodeRequired": False}


def test_the_config(roost: Roost) -> None:
    """The domains have no dot in front."""
    check_done(roost.get(NSID), CONFIG)


def test_a_server_with_invites(invited_roost: Roost) -> None:
    """It says so."""
    check_done(invited_roost.get(NSID), CONFIG | {"inviteCodeRequired": True})


def test_anybody_may_ask_anything(roost: Roost) -> None:
    """Credentials and parameters are not looked at."""
    answer = roost.client.get(f"{URL}?a=1&a=2&b", headers={"authorization": "nonsense"})

    check_done(answer, CONFIG)


def test_it_is_a_query(roost: Roost) -> None:
    """Only GET will do."""
    check_wrong_verb(roost, NSID, right="GET")
