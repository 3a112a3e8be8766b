"""Methods that another server answers: a real one on loopback, of every bad habit."""

import contextlib
import gzip
import http.client
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import orjson
import pytest

from roost.crypto import service_jwt
from roost.crypto.keys import PublicKey
from roost.data.cid import Cid
from roost.http import proxy, slots
from roost.http.xrpc import PREFIX
from roost.identity import plc
from roost.services import budget
from roost.services.caller import Scope
from support.calls import at_once, bearer, refusal, set_status
from support.plain_repo import signing_key
from support.scopes import as_scope
from support.server import Person, Roost, running
from support.strangers import Stranger
from support.upstream import MIB, Service, service

APPVIEW = "did:web:appview.test"
ELSEWHERE = "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa"
MODS = "did:web:mods.test"
UNREACHABLE = (502, "UpstreamFailure", "Upstream service unreachable")
NO_URL = (400, "InvalidRequest", "could not resolve proxy did service url")
NO_DID = (400, "InvalidRequest", "could not resolve proxy did")


@pytest.fixture(scope="module")
def upstream() -> Iterator[Service]:
    """Another service."""
    with service() as made:
        yield made


@pytest.fixture(scope="module")
def fronted(upstream: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Roost]:
    """A server whose app view and moderation service are that one, and where clients may name services at it."""
    flags = {
        "appview_url": upstream.url,
        "appview_did": APPVIEW,
        "mod_service_url": upstream.url,
        "mod_service_did": MODS,
        "trusted_origins": [upstream.url],
    }
    with running(tmp_path_factory.mktemp("fronted"), **flags) as roost:
        yield roost


@pytest.fixture(scope="module")
def person(fronted: Roost) -> Person:
    """Somebody with an account there."""
    return fronted.person()


@pytest.fixture(scope="module")
def stranger(fronted: Roost, upstream: Service) -> Stranger:
    """A DID with a service that is not in the settings."""
    endpoint = f"{upstream.url}/with/a/path?query#fragment"
    return Stranger.register(fronted, {"feedgen": plc.Service("BskyFeedGenerator", endpoint)})


def get(person: Person, nsid: str, named: str | None = None, **headers: str) -> httpx.Response:
    """Call a query as somebody, of the service that is named."""
    sent = person.auth | headers | ({} if named is None else {"atproto-proxy": named})
    return person.client.get(f"{PREFIX}{nsid}", headers=sent)


def test_a_method_that_is_not_ours_goes_to_the_app_view(fronted: Roost, upstream: Service, person: Person) -> None:
    """With the query as it was, and a token of the account's own for this method of that service."""
    answer = person.client.get(
        f"{PREFIX}app.bsky.feed.getTimeline?limit=3&cursor=a%2Fb%20c+d&tags=x&tags=y", headers=person.auth
    )

    assert (answer.status_code, answer.json()) == (200, {"hello": "there"})
    asked = upstream.last
    assert (asked.verb, asked.path) == ("GET", f"{PREFIX}app.bsky.feed.getTimeline")
    assert asked.query == b"limit=3&cursor=a%2Fb%20c+d&tags=x&tags=y"
    token = service_jwt.parse(asked.headers["authorization"].removeprefix("Bearer "))
    assert token.signed_by(PublicKey.from_multikey(signing_key(fronted.plc_url, person.did)))
    claims = token.claims
    assert (claims["iss"], claims["aud"], claims["lxm"]) == (person.did, APPVIEW, "app.bsky.feed.getTimeline")
    assert int(str(claims["exp"])) - int(str(claims["iat"])) <= 60


def test_a_body_goes_along_as_it_was(upstream: Service, person: Person) -> None:
    """Whole, or in pieces of no declared length, or compressed: it is not read on the way."""
    path, type = f"{PREFIX}app.bsky.graph.muteActor", {"content-type": "application/json; charset=utf-8"}
    person.client.post(path, content=b'{"actor":"a.test"}', headers=person.auth | type)
    whole = upstream.last
    person.client.post(path, content=iter([b"{", b"}"]), headers=person.auth | type)
    pieces = upstream.last
    zipped = gzip.compress(b"{}")
    person.client.post(path, content=zipped, headers=person.auth | type | {"content-encoding": "gzip"})
    compressed = upstream.last
    person.client.post(path, headers=person.auth)
    empty = upstream.last

    assert (whole.verb, whole.body, whole.headers["content-length"]) == ("POST", b'{"actor":"a.test"}', "18")
    assert whole.headers["content-type"] == "application/json; charset=utf-8"
    assert (pieces.body, "content-length" in pieces.headers) == (b"{}", False)
    assert (compressed.body, compressed.headers["content-encoding"]) == (zipped, "gzip")
    assert (empty.body, empty.headers["content-length"]) == (b"", "0")


def test_a_body_is_passed_on_while_it_arrives(fronted: Roost, upstream: Service, person: Person) -> None:
    """The other server has the beginning before the client has sent the end; nothing is gathered here."""
    upstream.events.clear()

    def pieces() -> Iterator[bytes]:
        yield b"x" * MIB
        upstream.wait_for("piece")
        yield b"y"

    answer = person.client.post(
        f"{PREFIX}app.bsky.video.upload", content=pieces(), headers=person.auth | {"content-type": "video/mp4"}
    )

    assert answer.status_code == 200
    assert len(upstream.last.body) == MIB + 1


def test_nothing_goes_along_that_is_not_listed(upstream: Service, person: Person) -> None:
    """No cookie, no token of ours, no word of the client; what services are meant to see, they see."""
    get(
        person,
        "app.bsky.actor.searchActors",
        **{
            "cookie": "session=secret",
            "user-agent": "client/1.0",
            "x-forwarded-for": "10.1.2.3",
            "dpop": "proof",
            "origin": "https://app.test",
            "referer": "https://app.test/me",
            "accept-language": "de, en",
            "atproto-accept-labelers": "did:web:l.test",
            "x-bsky-topics": "cats",
            "accept-encoding": "gzip, br",
        },
    )

    headers = upstream.last.headers
    expected = {
        "accept-language": "de, en",
        "atproto-accept-labelers": "did:web:l.test",
        "x-bsky-topics": "cats",
        "accept-encoding": "gzip, br",
    }
    assert expected.items() <= headers.items()
    assert headers.keys() - expected.keys() <= {"authorization", "host", "user-agent", "accept", "connection"}
    assert headers["user-agent"] == "roost"
    assert person.jwt not in headers["authorization"]


def test_nothing_is_compressed_unless_the_client_can_read_it(upstream: Service, person: Person) -> None:
    """Who does not say what it can read gets plain bytes."""
    connection = http.client.HTTPConnection(urlsplit(str(person.client.base_url)).netloc, timeout=10)
    with contextlib.closing(connection):
        connection.putrequest("GET", f"{PREFIX}app.bsky.feed.getLikes", skip_accept_encoding=True)
        connection.putheader("authorization", f"Bearer {person.jwt}")
        connection.endheaders()
        assert connection.getresponse().status == 200

    assert upstream.last.headers["accept-encoding"] == "identity"


def test_only_what_is_listed_comes_back(person: Person) -> None:
    """No cookie of theirs is set in our name, and no rule of theirs about pages and origins counts."""
    headers = get(person, "com.example.headers").headers

    assert headers["atproto-repo-rev"] == "3jzfcijpj2z2a"
    assert headers["atproto-content-labelers"] == "did:web:l.test"
    assert (headers["content-language"], headers["retry-after"]) == ("en", "7")
    assert headers["access-control-allow-origin"] == "*"
    assert (headers["cache-control"], headers["vary"]) == ("private", "Authorization")
    for name in ("set-cookie", "location", "ratelimit-limit", "x-anything", "access-control-allow-credentials"):
        assert name not in headers
    assert "upstream" not in headers.get("server", "")


def test_content_of_others_cannot_act_in_our_name(person: Person) -> None:
    """A page that a hostile service answers with is not run by a browser as ours."""
    answer = get(person, "com.example.html200")

    assert answer.headers["content-type"] == "text/html"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"] == "default-src 'none'; sandbox"


def test_a_compressed_answer_stays_compressed(person: Person) -> None:
    """It is passed on as it is; the client undoes it."""
    answer = get(person, "com.example.zipped", **{"accept-encoding": "gzip"})

    assert answer.headers["content-encoding"] == "gzip"
    assert answer.json() == {"zipped": True}


def test_an_answer_may_be_empty_or_only_asked_about(upstream: Service, person: Person) -> None:
    """HEAD is passed on as HEAD."""
    empty = get(person, "com.example.empty")
    head = person.client.head(f"{PREFIX}com.example.thing", headers=person.auth)

    assert (empty.status_code, empty.content) == (200, b"")
    assert (head.status_code, head.content, head.headers["content-length"]) == (200, b"", "17")
    assert upstream.last.verb == "HEAD"


@pytest.mark.parametrize("verb", ["PUT", "DELETE", "PATCH"])
def test_methods_have_two_verbs(person: Person, verb: str) -> None:
    """And HEAD; all others are refused before anybody is asked."""
    answer = person.client.request(verb, f"{PREFIX}app.bsky.feed.getTimeline", headers=person.auth)

    assert refusal(answer) == (400, "InvalidRequest", "XRPC requests only supports GET and POST")


def test_a_page_may_ask_before_it_calls(fronted: Roost) -> None:
    """The preflight of a browser is answered here, without credentials."""
    answer = fronted.client.options(
        f"{PREFIX}app.bsky.feed.getTimeline", headers={"access-control-request-headers": "authorization,atproto-proxy"}
    )

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-headers"] == "authorization,atproto-proxy"


# Who may


def test_nobody_has_nothing_passed_on(fronted: Roost, upstream: Service) -> None:
    """Credentials come first: no stranger has us look up DIDs or ask other servers."""
    before = len(upstream.asked)
    path = f"{PREFIX}app.bsky.feed.getTimeline"
    named = {"atproto-proxy": "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa#x"}

    assert refusal(fronted.client.get(path)) == (401, "AuthMissing", "Authentication Required")
    assert refusal(fronted.client.get(path, headers=named))[1] == "AuthMissing"
    assert refusal(fronted.client.get(path, headers=bearer("nonsense") | named))[1] == "InvalidToken"
    assert refusal(fronted.client.get(path, auth=fronted.admin))[1] == "InvalidToken"
    assert len(upstream.asked) == before


@pytest.mark.parametrize("nsid", ["com.atproto.identity.signPlcOperation", "com.atproto.SERVER.updateemail"])
@pytest.mark.parametrize("named", [None, f"{APPVIEW}#bsky_appview", f"{MODS}#atproto_labeler"])
def test_what_rules_the_account_is_passed_on_to_nobody(
    upstream: Service, person: Person, nsid: str, named: str | None
) -> None:
    """However it is spelled, and whoever is named; a method of ours that is named so is answered here or refused."""
    before = len(upstream.asked)
    answer = get(person, nsid, named)

    assert answer.status_code in (400, 401)
    assert answer.json()["error"] in ("InvalidToken", "InvalidRequest")
    assert len(upstream.asked) == before


def test_messages_need_the_privilege(fronted: Roost, person: Person) -> None:
    """An app password reads timelines, and messages only if it was made for them."""
    app = as_scope(fronted, person, Scope.APP_PASS)

    assert refusal(get(app, "chat.bsky.convo.listConvos")) == (400, "InvalidToken", "Bad token method")
    assert refusal(get(app, "chat.BSKY.convo.someNewMethod")) == (400, "InvalidToken", "Bad token method")
    assert get(app, "app.bsky.feed.getTimeline").status_code == 200
    assert get(as_scope(fronted, person, Scope.APP_PASS_PRIVILEGED), "chat.bsky.convo.listConvos").status_code == 200
    assert get(person, "chat.bsky.convo.listConvos").status_code == 200


def test_an_account_that_is_not_active_has_nothing_passed_on(fronted: Roost, upstream: Service) -> None:
    """Deactivated or taken down, it does not act elsewhere."""
    gone = fronted.person()
    set_status(fronted, gone, "deactivated")
    before = len(upstream.asked)

    assert refusal(get(gone, "app.bsky.feed.getTimeline")) == (401, "AccountDeactivated", "Account is deactivated")
    set_status(fronted, gone, "takendown")
    assert refusal(get(gone, "app.bsky.feed.getTimeline"))[:2] == (401, "AccountTakedown")
    leaving = as_scope(fronted, gone, Scope.TAKENDOWN)
    assert refusal(get(leaving, "app.bsky.feed.getTimeline")) == (400, "InvalidToken", "Bad token scope")
    assert len(upstream.asked) == before


# To whom


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("#svc", (400, "InvalidRequest", "no did specified in proxy header")),
        ("", (400, "InvalidRequest", "no did specified in proxy header")),
        ("did:web:a.test", (400, "InvalidRequest", "no service id specified in proxy header")),
        ("did:web:a.test#", (400, "InvalidRequest", "no service id specified in proxy header")),
        ("did:web:a.test#a#b", (400, "InvalidRequest", "invalid proxy header format")),
        ("did:web:a.test #a", (400, "InvalidRequest", "proxy header cannot contain spaces")),
        ("did:web:a.test# a", (400, "InvalidRequest", "proxy header cannot contain spaces")),
        ("nonsense#svc", NO_DID),
        ("did:plc:aaaaaaaaaaaaaaaaaaaaaaaa#svc", NO_DID),
        ("did:example:a#svc", NO_DID),
        ("did:web:nowhere.invalid#svc", NO_DID),
        ("did:web:127.0.0.1#svc", NO_DID),
        ("did:web:localhost%3A1#svc", NO_DID),
        ("did:web:a.test%2F..%2Fsecret#svc", NO_DID),
    ],
)
def test_a_service_has_to_be_named_well(person: Person, named: str, told: tuple[int, str, str]) -> None:
    """Each mistake has its own words."""
    assert refusal(get(person, "com.example.thing", named)) == told


def test_a_service_that_is_named_twice_is_refused(person: Person) -> None:
    """Whoever stands before us may have believed the other."""
    headers = [*person.auth.items(), ("atproto-proxy", "did:web:a.test#a"), ("atproto-proxy", "did:web:b.test#b")]
    answer = person.client.get(f"{PREFIX}com.example.thing", headers=headers)

    assert refusal(answer) == (400, "InvalidRequest", "header given more than once: atproto-proxy")


def test_a_named_service_is_found_in_its_document(upstream: Service, person: Person, stranger: Stranger) -> None:
    """By its name alone; of its URL the origin counts, and the token is for its DID."""
    answer = get(person, "com.example.thing", f"{stranger.did}#feedgen")

    assert answer.status_code == 200
    assert upstream.last.path == f"{PREFIX}com.example.thing"
    token = service_jwt.parse(upstream.last.headers["authorization"].removeprefix("Bearer "))
    assert token.claims["aud"] == stranger.did
    assert refusal(get(person, "com.example.thing", f"{stranger.did}#other")) == NO_URL


def test_services_in_the_settings_are_not_looked_up(upstream: Service, person: Person) -> None:
    """Neither of these DIDs exists."""
    for named, aud in ((f"{APPVIEW}#bsky_appview", APPVIEW), (f"{MODS}#atproto_labeler", MODS)):
        assert get(person, "com.example.thing", named).status_code == 200
        token = service_jwt.parse(upstream.last.headers["authorization"].removeprefix("Bearer "))
        assert token.claims["aud"] == aud
    assert get(person, "tools.ozone.moderation.queryEvents").status_code == 200
    token = service_jwt.parse(upstream.last.headers["authorization"].removeprefix("Bearer "))
    assert token.claims["aud"] == MODS


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://127.0.0.1:1",
        "https://127.0.0.1:1",
        "https://localhost:1",
        "https://10.1.2.3",
        "https://169.254.169.254",
        "https://[::1]:1",
        "https://[::ffff:10.0.0.1]",
        "https://0x7f000001",
        "https://2130706433",
        "http://example.com",
        "https://user:pass@example.com",
        "https://example.com@127.0.0.1",
    ],
)
def test_a_document_cannot_send_us_into_our_own_network(fronted: Roost, person: Person, endpoint: str) -> None:
    """Whatever its endpoint says: only https, and only public addresses; and the answer does not tell which it was."""
    hostile = Stranger.register(fronted, {"svc": plc.Service("Any", endpoint)})

    assert refusal(get(person, "com.example.thing", f"{hostile.did}#svc")) in (NO_URL, UNREACHABLE)


@pytest.mark.parametrize("endpoint", ["ftp://example.com", "javascript:alert(1)", "https://", "//example.com"])
def test_a_document_without_an_address_is_told(fronted: Roost, person: Person, endpoint: str) -> None:
    """An endpoint is an http or https URL."""
    hostile = Stranger.register(fronted, {"svc": plc.Service("Any", endpoint)})

    assert refusal(get(person, "com.example.thing", f"{hostile.did}#svc")) == NO_URL


def test_a_document_cannot_lead_to_a_service_of_the_settings(roost: Roost, tmp_path: Path, upstream: Service) -> None:
    """The operator's own services may be at private addresses; that lets nobody else be there."""
    with running(tmp_path, appview_url=upstream.url, appview_did=APPVIEW) as fronted:
        person = fronted.person()
        hostile = Stranger.register(fronted, {"svc": plc.Service("Any", upstream.url)})
        before = len(upstream.asked)

        assert refusal(get(person, "com.example.thing", f"{hostile.did}#svc")) == NO_URL
        assert len(upstream.asked) == before


def test_a_service_that_has_moved_is_found_again(fronted: Roost, upstream: Service, person: Person) -> None:
    """A document that is remembered may be an hour old; when its address is dead, the source is asked."""
    stranger = Stranger.register(fronted, {"svc": plc.Service("Any", "http://127.0.0.1:9")})
    named = f"{stranger.did}#svc"
    assert refusal(get(person, "com.example.thing", named)) == NO_URL
    stranger.move({"svc": plc.Service("Any", upstream.url)})

    assert get(person, "com.example.thing", named).status_code == 200


def test_without_an_app_view_methods_of_others_are_not_there(roost: Roost) -> None:
    """Unless the client says who is to answer; then it is who it may ask that counts."""
    person = roost.person()

    assert refusal(get(person, "app.bsky.feed.getTimeline")) == (
        501,
        "MethodNotImplemented",
        "Method Not Implemented: app.bsky.feed.getTimeline",
    )
    assert refusal(get(person, "app.bsky.feed.getTimeline", "did:plc:aaaaaaaaaaaaaaaaaaaaaaaa#svc")) == NO_DID


@pytest.mark.parametrize("name", ["thing", "a..b", "com.example..thing", "com.example.", "1.2.3", "com.example.thing-"])
def test_what_is_no_method_is_asked_of_nobody(upstream: Service, person: Person, name: str) -> None:
    """A path goes along only if it is the name of a method and nothing else."""
    before = len(upstream.asked)

    assert get(person, name).status_code in (400, 404, 501)
    assert len(upstream.asked) == before


@pytest.mark.parametrize(
    "path", ["com.example.thing/../../secret", "..%2f..%2fsecret", "com.example.thing%2f..", "a%00b"]
)
def test_a_path_cannot_climb(upstream: Service, person: Person, path: str) -> None:
    """Not even by escapes."""
    before = len(upstream.asked)
    with contextlib.closing(
        http.client.HTTPConnection(urlsplit(str(person.client.base_url)).netloc, timeout=10)
    ) as line:
        line.request("GET", f"{PREFIX}{path}", headers=person.auth)
        assert line.getresponse().status in (400, 404)

    assert len(upstream.asked) == before


# What they answer


@pytest.mark.parametrize(
    ("nsid", "told"),
    [
        ("named", (400, "Named", "by them")),
        ("typeless", (403, "Named", "by them")),
        ("unauthorized", (401, "BadJwtAudience", "not me")),
        ("teapot", (418, "Teapot", "short and stout")),
        ("zippedError", (400, "Zipped", "small")),
        ("broken", (502, "UpstreamFailure", "oh")),
        ("down", (503, "NotEnoughResources", "Upstream service refused the request")),
        ("html", (404, "XRPCNotSupported", "Upstream service refused the request")),
        ("list", (400, "InvalidRequest", "Upstream service refused the request")),
        ("nested", (400, "InvalidRequest", "Upstream service refused the request")),
        ("oddName", (400, "InvalidRequest", "kept")),
        ("notJson", (400, "InvalidRequest", "Upstream service refused the request")),
        ("bomb", (400, "InvalidRequest", "Upstream service refused the request")),
        ("unknownCoding", (400, "InvalidRequest", "Upstream service refused the request")),
        ("endlessError", (400, "InvalidRequest", "Upstream service refused the request")),
        ("redirect", (502, "UpstreamFailure", "Upstream service answered with a redirect or an unknown status")),
        ("declared", (502, "UpstreamFailure", f"Upstream service answered with more than {10 * MIB} bytes")),
    ],
)
def test_an_error_of_theirs_is_told_in_our_form(
    upstream: Service, person: Person, nsid: str, told: tuple[int, str, str]
) -> None:
    """Its name and its message, if it has them, and nothing else of it; an error of their own making is a 502."""
    answer = get(person, f"com.example.{nsid}")

    assert refusal(answer) == told
    assert answer.headers["content-type"] == "application/json"
    assert "set-cookie" not in answer.headers
    assert answer.headers.get("retry-after") == ("3" if nsid == "named" else None)
    assert all(asked.path != f"{PREFIX}com.example.secret" for asked in upstream.asked), "redirects are not followed"


def test_an_answer_is_at_most_ten_mebibytes(person: Person) -> None:
    """What is longer breaks off, so that nobody takes it for the whole."""
    assert len(get(person, "com.example.large").content) == 10 * MIB
    with pytest.raises(httpx.RemoteProtocolError):
        get(person, "com.example.huge")


def test_an_answer_that_ends_too_soon_breaks_off(person: Person) -> None:
    """It does not pass for a whole one, and the server goes on."""
    with pytest.raises(httpx.RemoteProtocolError):
        get(person, "com.example.cut")
    assert get(person, "com.example.thing").status_code == 200


def test_an_answer_before_the_request_is_whole(person: Person) -> None:
    """A server that has heard enough may say so at once."""
    answer = person.client.post(
        f"{PREFIX}com.example.early", content=iter([b"x" * MIB] * 3), headers=person.auth | {"content-type": "a/b"}
    )

    assert answer.status_code in (413, 502)


def test_a_server_that_does_not_begin_to_answer_is_given_up(
    upstream: Service, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After its time, and the call to it is ended."""
    monkeypatch.setattr(proxy, "HEAD_SECONDS", 0.2)
    upstream.events.clear()

    assert refusal(get(person, "com.example.silent")) == UNREACHABLE
    upstream.wait_for("silent ends")
    posted = person.client.post(
        f"{PREFIX}com.example.silent", content=b"{}", headers=person.auth | {"content-type": "a/b"}
    )
    assert refusal(posted) == UNREACHABLE
    upstream.wait_for("silent ends", 2)


def test_a_server_that_stops_in_the_middle_is_given_up(
    upstream: Service, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer breaks off; it has begun, so nothing else can be said."""
    monkeypatch.setattr(proxy, "SILENCE_SECONDS", 0.2)
    upstream.events.clear()

    with pytest.raises(httpx.RemoteProtocolError):
        get(person, "com.example.pausing")
    upstream.wait_for("pausing ends")


def test_nobody_is_there(fronted: Roost, tmp_path: Path) -> None:
    """A service that does not run is told as that, and its address is not."""
    with running(tmp_path, appview_url="http://127.0.0.1:9", appview_did=APPVIEW) as alone:
        assert refusal(get(alone.person(), "app.bsky.feed.getTimeline")) == UNREACHABLE


def test_a_service_that_was_found_and_fails_is_told_as_that(tmp_path: Path) -> None:
    """Also when its DID has ended meanwhile: where the service was is remembered, and nobody answered there."""
    with running(tmp_path, trusted_origins="http://127.0.0.1:9") as alone:
        person, stranger = alone.person(), Stranger.register(alone, {"svc": plc.Service("Any", "http://127.0.0.1:9")})
        named = f"{stranger.did}#svc"
        assert refusal(get(person, "com.example.thing", named)) == UNREACHABLE
        stranger.end()

        assert refusal(get(person, "com.example.thing", named)) == UNREACHABLE


@pytest.mark.parametrize("nsid", ["silent", "pausing"])
def test_a_client_that_goes_away_ends_the_call(upstream: Service, person: Person, nsid: str) -> None:
    """Before the answer has begun, and in the middle of it."""
    upstream.events.clear()
    netloc = urlsplit(str(person.client.base_url)).netloc
    with contextlib.closing(http.client.HTTPConnection(netloc, timeout=10)) as line:
        line.request("GET", f"{PREFIX}com.example.{nsid}", headers=person.auth)
        upstream.wait_for(f"{nsid} begins")

    upstream.wait_for(f"{nsid} ends")


def test_a_client_that_breaks_off_an_upload_ends_the_call(upstream: Service, person: Person) -> None:
    """The other server sees that the body does not come to its end."""
    upstream.events.clear()
    netloc = urlsplit(str(person.client.base_url)).netloc
    with contextlib.closing(http.client.HTTPConnection(netloc, timeout=10)) as line:
        line.putrequest("POST", f"{PREFIX}com.example.thing")
        for name, value in (person.auth | {"content-type": "a/b", "content-length": "100000"}).items():
            line.putheader(name, value)
        line.endheaders(b"x" * 1000)
        upstream.wait_for("piece")

    upstream.wait_for("upload broken off")


# How many


def test_calls_under_way_are_bounded_for_each_account(
    fronted: Roost, upstream: Service, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One account cannot take the room of the others; what it may not start now, it may later."""
    monkeypatch.setattr(slots, "MOST_EACH", 3)
    monkeypatch.setattr(proxy, "HEAD_SECONDS", 1.0)
    other = fronted.person()
    upstream.events.clear()

    def call(number: int) -> tuple[int, str, str]:
        if number < 3:
            return refusal(get(person, "com.example.silent"))
        upstream.wait_for("silent begins", 3)
        refused = refusal(get(person, "com.example.thing"))
        assert get(other, "com.example.thing").status_code == 200
        return refused

    answers = at_once(4, call)

    assert answers[:3] == [UNREACHABLE] * 3
    assert answers[3] == (429, "RateLimitExceeded", "No more than 3 calls to other services at a time")
    assert get(person, "com.example.thing").status_code == 200


def test_many_calls_at_once_all_arrive(fronted: Roost, upstream: Service) -> None:
    """Sixteen of one account, each with a token of its own."""
    person = fronted.person()
    before = len(upstream.asked)

    answers = at_once(16, lambda n: httpx.get(f"{fronted.url}{PREFIX}com.example.thing?n={n}", headers=person.auth))

    assert [answer.status_code for answer in answers] == [200] * 16
    asked = upstream.asked[before:]
    assert len({each.headers["authorization"] for each in asked}) == 16
    assert sorted(each.query for each in asked) == sorted(f"n={n}".encode() for n in range(16))


def test_a_deleted_account_has_nothing_passed_on(fronted: Roost) -> None:
    """Its token is of no use from that moment."""
    gone = fronted.person()
    assert gone.post("com.atproto.deleteAccount", json={}).status_code == 200

    assert refusal(get(gone, "app.bsky.feed.getTimeline"))[1] == "AccountNotFound"


# To whom, as the method has it

FEED = "app.bsky.feed.getFeed?feed=at://did:web:a.test/app.bsky.feed.generator/cats"
PUSH = "app.bsky.notification.registerPush"


def test_a_feed_is_asked_for_with_a_token_for_its_generator(upstream: Service, person: Person) -> None:
    """The app view hands it on; another service that is named gets one of its own, as for any method."""
    upstream.record = (200, b'{"value":{"did":"did:web:feeds.test"}}')

    assert get(person, FEED).status_code == 200
    record, feed = upstream.asked[-2:]
    assert record.query == b"repo=did%3Aweb%3Aa.test&collection=app.bsky.feed.generator&rkey=cats"
    assert "authorization" not in record.headers
    assert feed.path == f"{PREFIX}app.bsky.feed.getFeed"
    claims = service_jwt.parse(feed.headers["authorization"].removeprefix("Bearer ")).claims
    assert (claims["iss"], claims["aud"], claims["lxm"]) == (
        person.did,
        "did:web:feeds.test",
        "app.bsky.feed.getFeedSkeleton",
    )
    assert get(person, FEED, f"{MODS}#atproto_labeler").status_code == 200
    claims = service_jwt.parse(upstream.last.headers["authorization"].removeprefix("Bearer ")).claims
    assert (claims["aud"], claims["lxm"]) == (MODS, "app.bsky.feed.getFeed")


def test_a_feed_that_nobody_makes_is_told(upstream: Service, person: Person) -> None:
    """And so is a query without one."""
    upstream.record = (400, b'{"error":"RecordNotFound","message":"none"}')

    assert refusal(get(person, FEED)) == (400, "UnknownFeed", "could not resolve feed did")
    assert refusal(get(person, "app.bsky.feed.getFeed"))[:2] == (400, "InvalidRequest")
    upstream.record = (500, b"{}")
    assert refusal(get(person, FEED))[:2] == (502, "UpstreamFailure")


@pytest.mark.parametrize("nsid", [PUSH, "app.bsky.notification.unregisterPush"])
def test_who_notifies_is_told_of_the_app(fronted: Roost, upstream: Service, person: Person, nsid: str) -> None:
    """The service that the body names: the app view, or one that is found by its id and its type."""
    notifier = Stranger.register(fronted, {"bsky_notif": plc.Service("BskyNotificationService", upstream.url)})

    def call(did: str, **headers: str) -> httpx.Response:
        body = {"serviceDid": did, "token": "t", "platform": "ios", "appId": "app"}
        return person.client.post(f"{PREFIX}{nsid}", json=body, headers=person.auth | headers)

    for did, aud in ((APPVIEW, APPVIEW), (notifier.did, notifier.did)):
        assert call(did).status_code == 200
        claims = service_jwt.parse(upstream.last.headers["authorization"].removeprefix("Bearer ")).claims
        assert (upstream.last.path, claims["aud"], claims["lxm"]) == (f"{PREFIX}{nsid}", aud, nsid)
        assert orjson.loads(upstream.last.body)["serviceDid"] == did
    assert call(notifier.did, **{"atproto-proxy": f"{MODS}#atproto_labeler"}).status_code == 200
    claims = service_jwt.parse(upstream.last.headers["authorization"].removeprefix("Bearer ")).claims
    assert claims["aud"] == MODS


def test_who_sends_none_is_not_told(fronted: Roost, upstream: Service, person: Person) -> None:
    """A service of another type, one that there is not, a body that names nobody; and nobody without an account."""
    path = f"{PREFIX}{PUSH}"
    other = Stranger.register(fronted, {"bsky_notif": plc.Service("Other", upstream.url)})
    before = len(upstream.asked)

    assert refusal(person.client.post(path, json={"serviceDid": other.did}, headers=person.auth)) == NO_URL
    assert refusal(person.client.post(path, json={"serviceDid": ELSEWHERE}, headers=person.auth)) == NO_DID
    bodies: tuple[object, ...] = ({}, {"serviceDid": "a.test"}, [])
    for body in bodies:
        assert refusal(person.client.post(path, json=body, headers=person.auth))[:2] == (400, "InvalidRequest")
    assert refusal(person.client.post(path, headers=person.auth))[:2] == (400, "InvalidRequest")
    large = person.client.post(path, content=b" " * 200_000, headers=person.auth | {"content-type": "application/json"})
    assert refusal(large)[:2] == (413, "PayloadTooLarge")
    assert refusal(fronted.client.post(path, json={"serviceDid": APPVIEW}))[1] == "AuthMissing"
    assert len(upstream.asked) == before


def test_a_compressed_registration_is_passed_on_plainly(upstream: Service, person: Person) -> None:
    """It has to be read to know where it goes."""
    body = b'{"serviceDid":"%s"}' % APPVIEW.encode()
    sent = person.auth | {"content-type": "application/json", "content-encoding": "gzip"}

    assert person.client.post(f"{PREFIX}{PUSH}", content=gzip.compress(body), headers=sent).status_code == 200
    assert (upstream.last.body, upstream.last.headers["content-length"]) == (body, str(len(body)))
    assert "content-encoding" not in upstream.last.headers


# In nobody's name

RECORD = "com.atproto.repo.getRecord"


def record_of(roost: Roost, repo: str, **headers: str) -> httpx.Response:
    """Ask for somebody's profile, as nobody."""
    query = f"repo={repo}&collection=app.bsky.actor.profile&rkey=self"
    return roost.client.get(f"{PREFIX}{RECORD}?{query}", headers=headers)


@pytest.fixture
def found(upstream: Service) -> bytes:
    """What the app view says of any record."""
    uri = f"at://{ELSEWHERE}/app.bsky.actor.profile/self"
    body = b'{"uri":"%s","cid":"%s","value":{"$type":"app.bsky.actor.profile"}}' % (
        uri.encode(),
        str(Cid.of_cbor(b"x")).encode(),
    )
    upstream.record = (200, body)
    return body


def test_a_record_that_is_not_here_is_the_app_views_to_give(fronted: Roost, upstream: Service, found: bytes) -> None:
    """With the query as it was and without a token; of whoever asked nothing is said, whatever they sent."""
    for repo in (ELSEWHERE, "somebody.example"):
        answer = record_of(fronted, repo, authorization="Bearer nonsense", cookie="a=b")

        assert (answer.status_code, answer.content) == (200, found)
        asked = upstream.last
        assert (asked.verb, asked.path) == ("GET", f"{PREFIX}{RECORD}")
        assert asked.query == f"repo={repo}&collection=app.bsky.actor.profile&rkey=self".encode()
        assert not {"authorization", "cookie"} & asked.headers.keys()
    assert fronted.client.head(f"{PREFIX}{RECORD}?repo={ELSEWHERE}&collection=a.b.c&rkey=x").status_code == 200
    assert upstream.last.verb == "HEAD"


@pytest.mark.parametrize("status", ["deactivated", "takendown"])
def test_so_is_one_of_an_inactive_account(fronted: Roost, upstream: Service, found: bytes, status: str) -> None:
    """What the app view shows of it is the app view's to decide."""
    gone = fronted.person()
    set_status(fronted, gone, status)

    assert record_of(fronted, gone.did).content == found
    assert "authorization" not in upstream.last.headers


def test_what_is_here_is_not_asked_of_others(fronted: Roost, upstream: Service, person: Person) -> None:
    """Neither a record that stands, nor one that does not; nor what was asked wrongly."""
    before = len(upstream.asked)

    assert refusal(record_of(fronted, person.did))[:2] == (400, "RecordNotFound")
    assert refusal(record_of(fronted, "no handle"))[:2] == (400, "InvalidRequest")
    assert len(upstream.asked) == before


def test_a_record_may_be_asked_of_a_service_that_is_named(
    roost: Roost, fronted: Roost, upstream: Service, stranger: Stranger, found: bytes
) -> None:
    """Found in its document as for anybody; with neither that nor an app view it stays not found."""
    assert record_of(fronted, ELSEWHERE, **{"atproto-proxy": f"{stranger.did}#feedgen"}).content == found
    assert "authorization" not in upstream.last.headers
    assert refusal(record_of(fronted, ELSEWHERE, **{"atproto-proxy": f"{stranger.did}#other"})) == NO_URL
    assert refusal(record_of(fronted, ELSEWHERE, **{"atproto-proxy": "nonsense#svc"})) == NO_DID
    assert refusal(record_of(fronted, ELSEWHERE, **{"atproto-proxy": "did:web:127.0.0.1#svc"})) == NO_DID
    assert refusal(record_of(roost, ELSEWHERE))[:2] == (400, "RepoNotFound")
    assert refusal(record_of(roost, ELSEWHERE, **{"atproto-proxy": "did:web:127.0.0.1#svc"})) == NO_DID


def test_strangers_have_a_bounded_share(
    fronted: Roost, upstream: Service, found: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the calls at a time, and of the look-ups of services; an account's calls are not concerned."""
    monkeypatch.setattr(slots, "MOST_NOBODYS", 0)
    assert refusal(record_of(fronted, ELSEWHERE))[:2] == (503, "NotEnoughResources")
    assert get(fronted.person(), "com.example.thing").status_code == 200
    monkeypatch.setattr(slots, "MOST_NOBODYS", 64)
    monkeypatch.setattr(budget, "WAITING", 0)
    other = Stranger.register(fronted, {"svc": plc.Service("Any", upstream.url)})
    named = {"atproto-proxy": f"{other.did}#svc"}

    assert refusal(record_of(fronted, ELSEWHERE, **named))[:2] == (429, "RateLimitExceeded")
    assert get(fronted.person(), "com.example.thing", f"{other.did}#svc").status_code == 200


def test_an_app_view_that_fails_is_told(fronted: Roost, upstream: Service) -> None:
    """In our form, as for a call of an account."""
    upstream.record = (500, b"{}")
    assert refusal(record_of(fronted, ELSEWHERE))[:2] == (502, "UpstreamFailure")
    upstream.record = (400, b'{"error":"RecordNotFound","message":"none"}')
    assert refusal(record_of(fronted, ELSEWHERE)) == (400, "RecordNotFound", "none")
