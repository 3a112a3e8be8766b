"""Where requests go; finding a service in a document is told over HTTP, in the tests of the proxy."""

import pytest

from roost.services.errors import InvalidRequest
from roost.services.upstreams import Upstream, Upstreams, origin_of, parse_name
from roost.syntax import Did

APPVIEW = Upstream(Did("did:web:appview.test"), "bsky_appview", "https://appview.test", configured=True)
MODS = Upstream(Did("did:web:mods.test"), "atproto_labeler", "https://mods.test", configured=True)
REPORTS = Upstream(Did("did:web:reports.test"), "atproto_labeler", "https://reports.test", configured=True)
REPORT = "com.atproto.moderation.createReport"


def upstreams(**named: Upstream) -> Upstreams:
    """Return what a server knows whose settings name these."""
    return Upstreams(None, None, **named)  # type: ignore[arg-type]  # no document is looked up here


def test_each_method_has_its_usual_service() -> None:
    """Moderation, reports, and everything else."""
    known = upstreams(appview=APPVIEW, moderation=MODS, reports=REPORTS)

    assert known.usual("tools.ozone.moderation.emitEvent") == MODS
    assert known.usual("tools.ozone.set.anythingNew") == MODS
    assert known.usual(REPORT) == REPORTS
    assert known.usual("app.bsky.feed.getTimeline") == APPVIEW
    assert known.usual("com.example.anything") == APPVIEW
    assert known.is_appview("did:web:appview.test#bsky_appview")
    assert not known.is_appview("did:web:mods.test#atproto_labeler")
    assert not known.is_appview("did:web:other.test#bsky_appview")
    assert upstreams().is_appview("did:web:other.test#bsky_appview")


def test_reports_go_to_the_moderators_if_nobody_else_takes_them() -> None:
    """And nowhere without either; nor does anything else go anywhere that nobody has named."""
    assert upstreams(moderation=MODS).usual(REPORT) == MODS
    assert upstreams(appview=APPVIEW).usual(REPORT) is None
    assert upstreams().usual("app.bsky.feed.getTimeline") is None
    assert upstreams(appview=APPVIEW).usual("tools.ozone.team.listMembers") is None


def test_a_name_is_a_did_and_a_service() -> None:
    """With nothing around or behind it."""
    assert parse_name("did:web:a.test#svc") == ("did:web:a.test", "svc")
    for name in ("", "#svc", "did:web:a.test", "did:web:a.test#", "did:web:a.test#a#b", " did:web:a.test#a", "a#b"):
        with pytest.raises(InvalidRequest):
            parse_name(name)


def test_the_origin_counts_of_an_endpoint() -> None:
    """Its path does not; one with credentials is none."""
    assert origin_of("https://a.test:3000/path?q#f") == "https://a.test:3000"
    with pytest.raises(InvalidRequest):
        origin_of("https://a.test@b.test/")
