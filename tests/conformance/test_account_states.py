"""The state matrix: what each method answers about an account in each state, to everybody who may ask (1.10).

Every method that is served has a row: a request about an account, and what comes of it. A method without one fails, so
that nobody forgets to say. An outcome is a status and the error's name, in the order of STATES; `scope` is a token that
is not for this method, `mailed` a mailed token that is none, which is how far a request with a wrong one can come.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

import pytest

from roost.api.methods import METHODS
from support.calls import THING
from support.server import PASSWORD, running
from support.viewers import STATES, VIEWERS, Cast, Sent, Subject, bare, get, keeping, post, raw

Pattern: TypeAlias = dict[str, str]
"""What comes of a request, by who asks."""

A, D, R, S, Y = ("com.atproto." + name for name in ("admin", "identity", "repo", "server", "sync"))

B, M = "app.bsky.actor", "com.atproto.moderation"

NO_KEY: Final = "did:key:nonsense"

WRONG: Final = "AAAAA-AAAAA"
"""A token that nobody was mailed."""

GONE: Final = "401 AccountTakedown | 403 AccountNotFound"
"""What an owner's tokens are worth after a takedown, and after the account is gone."""


def everybody(outcomes: str) -> Pattern:
    """Return the pattern of a method that looks at nobody's credentials, or treats all alike."""
    taken_down = outcomes.split(" | ")[2]
    return dict.fromkeys(VIEWERS, outcomes) | {"let in": f"- | - | {taken_down} | -"}


def same(outcome: str) -> str:
    """Return an outcome that is the same in every state."""
    return " | ".join([outcome] * len(STATES))


def own(outcome: str = "200", *, program: str | None = None, let_in: str = "400 scope") -> Pattern:
    """Return the pattern of a method that is about whoever calls it. Nobody else's account is meant, so no other is
    asked.
    """
    of_program = outcome if program is None else program
    return {
        "nobody": same("401 AuthMissing"),
        "program": f"{of_program} | {of_program} | {GONE}",
        "let in": f"- | - | {let_in} | -",
        "administrator": same("400 InvalidToken"),
        "owner": f"{outcome} | {outcome} | {GONE}",
    }


def administrative(outcomes: str, refused: str) -> Pattern:
    """Return the pattern of a method of the administrator's."""
    return everybody(same(refused)) | {"nobody": same("401 AuthMissing"), "administrator": outcomes}


def repository(let_in: str) -> Pattern:
    """Return the pattern of reading a repository: of one that is not active, by its owner and the administrator."""
    public = "200 | 400 RepoDeactivated | 400 RepoTakendown | 400 RepoNotFound"
    return {
        "nobody": public,
        "other": public,
        "program": f"200 | 200 | {GONE}",
        "let in": f"- | - | {let_in} | -",
        "administrator": "200 | 200 | 200 | 400 RepoNotFound",
        "owner": f"200 | 200 | {GONE}",
    }


ADMINISTRATOR = administrative("200 | 200 | 200 | 400 AccountNotFound", "401 AuthenticationRequired")
ADMINISTRATOR_ANY = administrative(same("200"), "401 AuthenticationRequired")
MODERATOR = administrative("200 | 200 | 200 | 400 AccountNotFound", "401 BadJwtType")
MODERATOR_ANY = administrative(same("200"), "401 BadJwtType")
MODERATOR_ASKS = administrative("200 | 200 | 200 | 400 NotFound", "401 BadJwtType")
OWN = own()
OWN_OR_LET_IN = own(let_in="200")
REPORT = OWN_OR_LET_IN
SIGNING_KEY = administrative(
    "400 InvalidRequest | 400 InvalidRequest | 400 InvalidRequest | 400 AccountNotFound", "401 AuthenticationRequired"
)
OWN_PASSWORD = own(program="400 scope")
OWN_PASSWORD_OR_LET_IN = own(program="400 scope", let_in="200")
PLC_SIGNING = own("400 mailed", program="400 scope", let_in="400 mailed")
PLC_SUBMITTING = own("400 InvalidRequest")
IMPORT = own("400 InvalidRequest", program="400 scope")
CONFIRMATION = own("400 mailed")
SERVICE_AUTH = own(program="400 InvalidRequest", let_in="200")
ANYTHING = everybody(same("200"))
HANDLE = everybody("200 | 400 HandleNotFound | 400 HandleNotFound | 400 HandleNotFound")
RECORDS = everybody("200 | 400 RepoDeactivated | 400 RepoTakendown | 400 RepoNotFound")
STATUS = everybody("200 | 200 | 200 | 400 RepoNotFound")
REPOSITORY = repository("400 scope")
TAKEAWAY = repository("200")
SIGN_IN = everybody("200 | 200 | 401 AccountTakedown | 401 AuthenticationRequired")
SIGN_UP = everybody(same("401 BadJwtType")) | {
    "nobody": same("400 HandleNotAvailable"),
    "administrator": same("401 AuthenticationRequired"),
}
DELETION = everybody("400 mailed | 400 mailed | 400 mailed | 401 AuthenticationRequired")
RESET = everybody(same("400 InvalidToken"))
WRITE = own() | {
    "other": " | ".join(["401 AuthenticationRequired"] * 3 + ["403 AccountNotFound"]),
    "program": f"200 | 401 AccountDeactivated | {GONE}",
    "owner": f"200 | 401 AccountDeactivated | {GONE}",
}
WITH_ACCESS_TOKENS = {viewer: same("400 scope") for viewer in ("other", "program")} | {
    "nobody": same("401 AuthMissing"),
    "let in": "- | - | 400 scope | -",
    "administrator": same("400 InvalidToken"),
}
# A client that is told 400 ExpiredToken or 401 signs out; anything else, and it would try for ever.
REFRESH = WITH_ACCESS_TOKENS | {"owner": "200 | 200 | 401 AccountTakedown | 400 ExpiredToken"}
SIGN_OUT = WITH_ACCESS_TOKENS | {"owner": f"200 | 200 | {GONE}"}


def written() -> dict[str, object]:
    """Return a write of a batch."""
    return {"$type": f"{R}.applyWrites#create", "collection": THING, "value": {}}


def repo_ref(who: Subject) -> dict[str, object]:
    """Return an account as the administrator's methods name one."""
    return {"$type": f"{A}.defs#repoRef", "did": who.did}


ROWS: Final[Mapping[str, tuple[Pattern, Callable[[Subject], Sent]]]] = {
    f"{A}.deleteAccount": (ADMINISTRATOR, lambda who: post(did=who.did)),
    f"{A}.disableAccountInvites": (MODERATOR, lambda who: keeping(account=who.did)),
    f"{A}.disableInviteCodes": (MODERATOR_ANY, lambda who: keeping(accounts=[who.did])),
    f"{A}.enableAccountInvites": (MODERATOR, lambda who: keeping(account=who.did)),
    f"{A}.getAccountInfo": (MODERATOR_ASKS, lambda who: get(did=who.did)),
    f"{A}.getAccountInfos": (MODERATOR_ANY, lambda who: get(dids=[who.did])),
    f"{A}.getInviteCodes": (MODERATOR_ANY, lambda _: get()),
    f"{A}.getSubjectStatus": (MODERATOR_ASKS, lambda who: get(did=who.did)),
    f"{A}.searchAccounts": (MODERATOR_ANY, lambda who: get(email=who.person.email)),
    f"{A}.sendEmail": (MODERATOR, lambda who: keeping(recipientDid=who.did, content="<p>hello</p>", senderDid=who.did)),
    f"{A}.updateAccountEmail": (ADMINISTRATOR, lambda who: post(account=who.did, email=f"new-{who.person.email}")),
    f"{A}.updateAccountHandle": (ADMINISTRATOR, lambda who: post(did=who.did, handle=f"x{who.person.handle}")),
    f"{A}.updateAccountSigningKey": (SIGNING_KEY, lambda who: post(did=who.did, signingKey=NO_KEY)),
    f"{A}.updateAccountPassword": (ADMINISTRATOR, lambda who: post(did=who.did, password="staple battery")),
    f"{A}.updateSubjectStatus": (MODERATOR, lambda who: post(subject=repo_ref(who), deactivated={"applied": True})),
    f"{M}.createReport": (REPORT, lambda who: keeping(reasonType=f"{M}.defs#reasonSpam", subject=repo_ref(who))),
    f"{B}.getPreferences": (OWN_OR_LET_IN, lambda _: get()),
    f"{B}.putPreferences": (OWN, lambda _: keeping(preferences=[])),
    "com.atproto.lexicon.resolveLexicon": (
        everybody(same("400 LexiconNotFound")),
        lambda _: get(nsid="invalid.nobody.thing"),
    ),
    "com.atproto.temp.checkSignupQueue": (OWN, lambda _: get()),
    f"{D}.getRecommendedDidCredentials": (OWN, lambda _: get()),
    f"{D}.refreshIdentity": (OWN, lambda who: keeping(identifier=who.did)),
    f"{D}.requestPlcOperationSignature": (OWN_PASSWORD_OR_LET_IN, lambda _: bare()),
    f"{D}.resolveDid": (ANYTHING, lambda who: get(did=who.did)),
    f"{D}.resolveHandle": (HANDLE, lambda who: get(handle=who.person.handle)),
    f"{D}.resolveIdentity": (ANYTHING, lambda who: get(identifier=who.did)),
    f"{D}.signPlcOperation": (PLC_SIGNING, lambda _: post(token=WRONG)),
    f"{D}.submitPlcOperation": (PLC_SUBMITTING, lambda _: post(operation={})),
    f"{D}.updateHandle": (OWN, lambda who: post(handle=f"x{who.person.handle}")),
    f"{R}.applyWrites": (WRITE, lambda who: post(repo=who.did, writes=[written()])),
    f"{R}.createRecord": (WRITE, lambda who: post(repo=who.did, collection=THING, record={})),
    f"{R}.deleteRecord": (WRITE, lambda who: post(repo=who.did, collection=THING, rkey="a")),
    f"{R}.describeRepo": (RECORDS, lambda who: get(repo=who.did)),
    f"{R}.getRecord": (RECORDS, lambda who: get(repo=who.did, collection=THING, rkey="a")),
    f"{R}.importRepo": (IMPORT, lambda _: raw(b"nonsense", "application/vnd.ipld.car")),
    f"{R}.listMissingBlobs": (OWN, lambda _: get()),
    f"{R}.listRecords": (RECORDS, lambda who: get(repo=who.did, collection=THING)),
    f"{R}.putRecord": (WRITE, lambda who: post(repo=who.did, collection=THING, rkey="b", record={})),
    f"{R}.uploadBlob": (OWN, lambda _: raw(b"text", "text/plain")),
    f"{S}.activateAccount": (OWN_PASSWORD, lambda _: bare()),
    f"{S}.checkAccountStatus": (OWN, lambda _: get()),
    f"{S}.confirmEmail": (CONFIRMATION, lambda who: post(email=who.person.email, token=WRONG)),
    f"{S}.createAccount": (
        SIGN_UP,
        lambda who: post(handle=who.person.handle, email="n@mail.test", password=PASSWORD),
    ),
    f"{S}.createAppPassword": (OWN_PASSWORD, lambda _: post(name="new")),
    f"{S}.createInviteCode": (ADMINISTRATOR_ANY, lambda who: keeping(useCount=1, forAccount=who.did)),
    f"{S}.createInviteCodes": (ADMINISTRATOR_ANY, lambda who: keeping(codeCount=1, useCount=1, forAccounts=[who.did])),
    f"{S}.createSession": (SIGN_IN, lambda who: keeping(identifier=who.did, password=PASSWORD)),
    f"{S}.deactivateAccount": (OWN_PASSWORD_OR_LET_IN, lambda _: post()),
    f"{S}.deleteAccount": (DELETION, lambda who: post(did=who.did, password=PASSWORD, token=WRONG)),
    f"{S}.deleteSession": (SIGN_OUT, lambda _: bare(refresh=True)),
    f"{S}.describeServer": (ANYTHING, lambda _: get()),
    f"{S}.getAccountInviteCodes": (OWN_PASSWORD, lambda _: get()),
    f"{S}.getServiceAuth": (
        SERVICE_AUTH,
        lambda _: get(aud="did:web:a.test", lxm=f"{S}.createAccount"),
    ),
    f"{S}.getSession": (OWN, lambda _: get()),
    f"{S}.listAppPasswords": (OWN, lambda _: get()),
    f"{S}.refreshSession": (REFRESH, lambda _: bare(refresh=True)),
    f"{S}.requestAccountDelete": (OWN_PASSWORD, lambda _: bare()),
    f"{S}.requestEmailConfirmation": (OWN, lambda _: bare()),
    f"{S}.requestEmailUpdate": (OWN_PASSWORD, lambda _: bare()),
    f"{S}.requestPasswordReset": (ANYTHING, lambda who: keeping(email=who.person.email)),
    f"{S}.reserveSigningKey": (ANYTHING, lambda who: keeping(did=who.did)),
    f"{S}.resetPassword": (RESET, lambda _: post(token=WRONG, password=PASSWORD)),
    f"{S}.revokeAppPassword": (OWN, lambda _: keeping(name="nothing")),
    f"{S}.updateEmail": (OWN_PASSWORD, lambda who: post(email=f"other-{who.person.email}")),
    f"{Y}.getBlob": (TAKEAWAY, lambda who: get(did=who.did, cid=who.blob["ref"]["$link"])),
    f"{Y}.getBlocks": (REPOSITORY, lambda who: get(did=who.did, cids=[who.head])),
    f"{Y}.getCheckout": (REPOSITORY, lambda who: get(did=who.did)),
    f"{Y}.getHead": (REPOSITORY, lambda who: get(did=who.did)),
    f"{Y}.getLatestCommit": (REPOSITORY, lambda who: get(did=who.did)),
    f"{Y}.getRecord": (REPOSITORY, lambda who: get(did=who.did, collection=THING, rkey="a")),
    f"{Y}.getRepo": (TAKEAWAY, lambda who: get(did=who.did)),
    f"{Y}.getRepoStatus": (STATUS, lambda who: get(did=who.did)),
    f"{Y}.listBlobs": (TAKEAWAY, lambda who: get(did=who.did)),
    f"{Y}.listRepos": (ANYTHING, lambda _: get()),
}


@pytest.fixture(scope="module")
def cast(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """A server with accounts in every state."""
    with running(tmp_path_factory.mktemp("states")) as roost:
        yield Cast(roost)


def test_every_method_has_its_row() -> None:
    """And every row its method."""
    assert {method.nsid for method in METHODS} == set(ROWS)


@pytest.mark.parametrize("nsid", ROWS)
def test_states(cast: Cast, nsid: str) -> None:
    """What the row says, for each state and whoever asks."""
    pattern, ask = ROWS[nsid]

    found = {
        viewer: " | ".join(cast.ask(nsid, ask, viewer, state) for state in STATES)
        for viewer in VIEWERS
        if viewer in pattern
    }

    assert found == pattern
