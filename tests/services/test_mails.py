"""What the mails say."""

import pytest

from roost.services.mails import Purpose, token_mail

SUBJECTS = {
    Purpose.CONFIRM_EMAIL: "Email Confirmation",
    Purpose.UPDATE_EMAIL: "Email Update Requested",
    Purpose.RESET_PASSWORD: "Password Reset Requested",
    Purpose.DELETE_ACCOUNT: "Account Deletion Requested",
    Purpose.PLC_OPERATION: "PLC Update Operation Requested",
}


@pytest.mark.parametrize("purpose", Purpose)
def test_a_mail_says_whose_account_it_is_about(purpose: Purpose) -> None:
    """Both its parts name the account, the code and how long there is time."""
    mail = token_mail(purpose, to="alice@mail.test", handle="alice.test", token="ABCDE-FGHIJ")

    assert (mail.to, mail.subject) == ("alice@mail.test", SUBJECTS[purpose])
    for part in (mail.text, mail.html):
        assert "alice.test" in part
        assert "ABCDE-FGHIJ" in part
        assert "15 minutes" in part


def test_a_link_stands_beside_the_code() -> None:
    """A query of the page's own is escaped in the HTML, and in the text it is not."""
    link = "https://pds.test/reset?a=1&token=ABCDE-FGHIJ"

    mail = token_mail(Purpose.RESET_PASSWORD, to="a@b.test", handle="a.test", token="ABCDE-FGHIJ", link=link)

    assert link in mail.text
    assert link.replace("&", "&amp;") in mail.html
