"""Email addresses."""

import pytest

from roost.services.emails import parse_email
from roost.services.errors import InvalidRequest


@pytest.mark.parametrize(
    ("raw", "address"),
    [
        ("bob@mail.test", "bob@mail.test"),
        (" Bob.Smith+PDS@Mail.Example.ORG ", "bob.smith+pds@mail.example.org"),
        ("o'hara_99%x@a-b.co", "o'hara_99%x@a-b.co"),
    ],
)
def test_an_address_is_compared_in_lower_case(raw: str, address: str) -> None:
    """Two spellings of one address are one address."""
    assert parse_email(raw) == address


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "bob",
        "bob@",
        "@mail.test",
        "bob@mail",
        "bob@.test",
        "bob@mail.",
        "bob@mail..test",
        "a@b@mail.test",
        "bob smith@mail.test",
        "bob@mail.test\nBcc: eve@mail.test",
        "bob@mail.test\0",
        "<bob@mail.test>",
        "bob@mail.test, eve@mail.test",
        '"bob"@mail.test',
        "bøb@mail.test",
        "bob@mäil.test",
        "b" * 250 + "@mail.test",
    ],
)
def test_what_no_mail_could_be_sent_to_is_refused(raw: str) -> None:
    """An address that is none, or that would break out of a mail's header, is refused."""
    with pytest.raises(InvalidRequest, match=r"^This email address is not supported, please use a different email\.$"):
        parse_email(raw)
