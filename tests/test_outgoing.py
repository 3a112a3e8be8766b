"""Other servers as the settings name them."""

from pathlib import Path

import pytest

from roost.config import ConfigError, load
from roost.outgoing import upstreams_of
from roost.services.upstreams import CREATE_REPORT

URL = "https://service.test"
DID = "did:web:service.test"


def usual(nsid: str, **flags: str) -> str | None:
    """Return the service that a method is for under these settings."""
    config = load(flags={"data": Path("data"), **flags})
    found = upstreams_of(config, None, None).usual(nsid)  # type: ignore[arg-type]  # no document is looked up here
    return None if found is None else f"{found.name} {found.origin}"


def test_nobody_is_asked_unless_the_settings_say_so() -> None:
    """A server without an app view of its own has none."""
    assert usual("app.bsky.feed.getTimeline") is None
    assert usual(CREATE_REPORT) is None


def test_each_setting_names_its_service() -> None:
    """With the id by which the protocol knows it."""
    assert usual("app.bsky.feed.getTimeline", appview_url=URL, appview_did=DID) == f"{DID}#bsky_appview {URL}"
    assert usual(CREATE_REPORT, mod_service_url=URL, mod_service_did=DID) == f"{DID}#atproto_labeler {URL}"
    assert usual(CREATE_REPORT, report_service_url=URL, report_service_did=DID) == f"{DID}#atproto_labeler {URL}"


def test_half_a_service_is_refused() -> None:
    """But moderators who only call this server need no URL; then nothing goes to them."""
    for name in ("appview", "mod_service", "report_service"):
        with pytest.raises(ConfigError, match=f"ROOST_{name.upper()}_DID"):
            usual(CREATE_REPORT, **{f"{name}_url": URL})
    for name in ("appview", "report_service"):
        with pytest.raises(ConfigError, match=f"ROOST_{name.upper()}_URL"):
            usual(CREATE_REPORT, **{f"{name}_did": DID})
    assert usual("tools.ozone.team.listMembers", mod_service_did=DID) is None
