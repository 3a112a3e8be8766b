"""Looking after accounts, without HTTP."""

import pytest

from roost.net.mail import NoMailer
from roost.services import admin
from roost.services.admin import Admin, plain_text
from roost.services.audit import Audit
from roost.services.errors import UnknownAccount, UpstreamFailure
from roost.syntax import Did, Handle
from support.house import House, did_of

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>a</p><p>b &amp; c</p>", "a\nb & c\n"),
        ("a<br>b<br/>c", "a\nb\nc\n"),
        ("<style>p {}</style><script>x()</script>seen", "seen\n"),
        ("plain", "plain\n"),
        ("1 < 2", "1 < 2\n"),
        ("", "\n"),
    ],
)
def test_what_html_says(markup: str, text: str) -> None:
    """For those who read mail as text."""
    assert plain_text(markup) == text


async def test_a_search_goes_through_all_accounts_in_steps(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """However few of them are looked at in one."""
    monkeypatch.setattr(admin, "STEP", 3)
    people = [await house.account(f"user{n}") for n in range(10)]
    service = Admin(house.db, NoMailer())

    assert await service.search("user", limit=100) == people
    assert await service.search("user", limit=4) == people[:4]
    assert await service.search("user", limit=4, after=people[3].id) == people[4:8]
    assert await service.search("user7", limit=4) == people[7:8]
    assert await service.search("user", limit=4, after=10**12) == []


async def test_an_account_by_either_name(house: House) -> None:
    """Or none."""
    alice = await house.account()
    service = Admin(house.db, NoMailer())

    assert await service.account(Handle.parse("alice.test")) == await service.account(alice.did) == alice
    with pytest.raises(UnknownAccount):
        await service.account(did_of("bob"))


async def test_a_mail_that_does_not_go_out_is_told_and_noted(house: House) -> None:
    """The operator must not believe that it did."""
    alice = await house.account()
    audit = Audit(house.db, house.minter)

    with pytest.raises(UpstreamFailure, match="could not be sent"):
        async with audit.acting("sendEmail", actor="admin") as action:
            await Admin(house.db, NoMailer()).send_email(
                alice.did, "x", subject=None, sender=Did.parse("did:web:mod.test"), comment=None, action=action
            )

    assert [entry.outcome for entry in await audit.page(limit=9)] == ["UpstreamFailure", "begun"]
