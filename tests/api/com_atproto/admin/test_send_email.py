"""com.atproto.admin.sendEmail."""

import msgspec

from support.administration import MISSING, check_rights, noted, order
from support.calls import refusal
from support.server import Person, Roost

SENDER = "did:web:mod.test"


def test_the_mail_arrives(roost: Roost, person: Person) -> None:
    """As HTML and as text."""
    answer = order(
        roost, "sendEmail", recipientDid=person.did, senderDid=SENDER, content="<p>Dear&nbsp;you</p>", subject="Hello"
    )

    assert answer.json() == {"sent": True}
    (letter,) = roost.mailbox.to(person.email)
    assert letter.subject == "Hello"
    assert "<p>Dear&nbsp;you</p>" in letter.html
    assert letter.text.strip() == "Dear\xa0you"


def test_the_log_has_its_subject_and_not_its_text(roost: Roost, person: Person) -> None:
    """That it was begun is noted before it goes out: a crash must not leave it unnoted."""
    order(
        roost,
        "sendEmail",
        recipientDid=person.did,
        senderDid=SENDER,
        content="<p>very private</p>",
        comment="third warning",
    )

    done, begun = noted(roost, person.did)

    assert (begun.outcome, done.outcome) == ("begun", "done")
    assert begun.changed == {"subject": "Message via your PDS", "sender": SENDER, "comment": "third warning"}
    assert b"private" not in msgspec.json.encode([done, begun], enc_hook=str)


def test_a_subject_that_is_a_header_is_refused(roost: Roost, person: Person) -> None:
    """No mail goes out."""
    for bad in ("a\r\nBcc: everybody@mail.test", "a\nb", "x" * 201, "nul\0"):
        body = {"recipientDid": person.did, "senderDid": SENDER, "content": "x", "subject": bad}
        assert refusal(order(roost, "sendEmail", **body))[:2] == (400, "InvalidRequest")
    assert roost.mailbox.to(person.email) == []
    assert {entry.outcome for entry in noted(roost, person.did)} == {"InvalidRequest"}


def test_to_an_account_that_is_not_here(roost: Roost) -> None:
    """It is told."""
    refused = refusal(order(roost, "sendEmail", recipientDid=MISSING, senderDid=SENDER, content="x"))

    assert refused[:2] == (400, "AccountNotFound")


def test_rights(roost: Roost, anybody: Person) -> None:
    """It is the administrator's."""
    check_rights(roost, "POST", "sendEmail", anybody, recipientDid=anybody.did, senderDid=SENDER, content="x")
