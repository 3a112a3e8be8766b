"""The moderation service: its tokens do what moderating takes and nothing else, and the log has its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.administration import check, noted
from support.calls import refusal
from support.server import Person, Roost, running

ADMIN = "com.atproto.admin"


@dataclass(frozen=True, slots=True)
class Town:
    """A server whose moderation service is the account of a moderator on it."""

    roost: Roost
    moderator: Person

    def token(self, nsid: str, who: Person | None = None) -> dict[str, str]:
        """Return the headers of a token for one call of a method, of the moderator's unless it is somebody else's."""
        asked = (who or self.moderator).get(
            "com.atproto.server.getServiceAuth", aud="did:web:localhost", lxm=f"{ADMIN}.{nsid}"
        )
        assert asked.status_code == 200, asked.text
        return {"authorization": f"Bearer {asked.json()['token']}"}

    def post(self, name: str, headers: dict[str, str], **body: object) -> httpx.Response:
        """Call a procedure of the administrator's."""
        answer = self.roost.post(f"{ADMIN}.{name}", json=body, headers=headers)
        check(self.roost, name, answer)
        return answer


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """Have a moderator be named in the settings: its DID is known once it has an account."""
    folder: Path = tmp_path_factory.mktemp("moderated")
    with running(folder) as before:
        moderator = before.person("moderator")
    with running(folder, mod_service_did=moderator.did) as roost:
        yield Town(roost, Person(moderator.did, moderator.handle, moderator.email, moderator.jwt, roost.client))


@pytest.fixture
def subject(town: Town) -> Person:
    """Somebody who is moderated."""
    return town.roost.person()


def test_a_moderator_takes_down_and_is_named_in_the_log(town: Town, subject: Person) -> None:
    """The token is for this method, and for one call."""
    headers = town.token("updateSubjectStatus")
    body = {"subject": {"$type": f"{ADMIN}.defs#repoRef", "did": subject.did}, "takedown": {"applied": True}}

    answer = town.post("updateSubjectStatus", headers, **body)
    again = town.post("updateSubjectStatus", headers, **body)

    assert answer.status_code == 200, answer.text
    assert refusal(again)[0] in (400, 401)
    (entry,) = noted(town.roost, subject.did)
    assert (entry.actor, entry.address, entry.outcome) == (town.moderator.did, "127.0.0.1", "done")


def test_a_moderator_reads(town: Town, subject: Person) -> None:
    """Accounts, in whatever state."""
    url = f"/xrpc/{ADMIN}.getAccountInfo"
    answer = town.roost.client.get(url, params={"did": subject.did}, headers=town.token("getAccountInfo"))

    assert answer.json()["did"] == subject.did


def test_a_refused_call_is_noted_and_the_token_may_be_used_again(town: Town, subject: Person) -> None:
    """Nothing came of it."""
    headers = town.token("enableAccountInvites")

    refused = town.post("enableAccountInvites", headers, account="nonsense")
    answer = town.post("enableAccountInvites", headers, account=subject.did)

    assert refusal(refused)[1] == "InvalidRequest"
    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("deleteAccount", {}),
        ("updateAccountPassword", {"password": "a long password"}),
        ("updateAccountHandle", {"handle": "new.test"}),
        ("updateAccountSigningKey", {"signingKey": "did:key:z"}),
    ],
)
def test_a_moderator_is_not_the_administrator(town: Town, subject: Person, name: str, body: dict[str, str]) -> None:
    """What is beyond moderating takes the administrator's password, and nothing is noted: nothing was begun."""
    answer = town.post(name, town.token(name), did=subject.did, **body)

    assert refusal(answer) == (401, "AuthenticationRequired", "Authentication Required")
    assert noted(town.roost, subject.did) == []


def test_a_token_for_another_method_or_of_somebody_else(town: Town, subject: Person) -> None:
    """Neither is worth anything."""
    for headers in (town.token("disableAccountInvites"), town.token("enableAccountInvites", subject)):
        assert refusal(town.post("enableAccountInvites", headers, account=subject.did))[0] in (400, 401, 403)
    assert noted(town.roost, subject.did) == []
