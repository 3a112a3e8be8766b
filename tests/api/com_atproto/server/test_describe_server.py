"""com.atproto.server.describeServer."""

from pathlib import Path

from support.server import Roost, running


def test_it_tells_what_one_needs_to_sign_up(roost: Roost) -> None:
    """Domains have a dot in front; links and contact are there although they are empty."""
    assert roost.get("com.atproto.server.describeServer").json() == {
        "did": "did:web:localhost",
        "availableUserDomains": [".test"],
        "inviteCodeRequired": False,
        "blobUploadLimit": 104_857_600,
        "links": {},
        "contact": {},
    }


def test_it_tells_what_the_operator_has_set(tmp_path: Path) -> None:
    """Name, domains, and whether one needs an invite."""
    settings: dict[str, object] = {
        "hostname": "pds.test",
        "handle_domains": ".b.test,a.test",
        "invite_required": True,
        "privacy_policy_url": "https://pds.test/privacy",
        "terms_of_service_url": "https://pds.test/terms",
        "contact_email": "admin@pds.test",
    }
    with running(tmp_path, **settings) as server:
        told = server.get("com.atproto.server.describeServer").json()

    assert told["did"] == "did:web:pds.test"
    assert told["availableUserDomains"] == [".b.test", ".a.test"]
    assert told["inviteCodeRequired"] is True
    assert told["links"] == {"privacyPolicy": "https://pds.test/privacy", "termsOfService": "https://pds.test/terms"}
    assert told["contact"] == {"email": "admin@pds.test"}
