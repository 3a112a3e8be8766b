"""What an error says, and what it carries."""

from roost.lexicon.errors import InvalidData, InvalidLexicon, LexiconError


def test_the_message_is_the_subject_the_path_and_the_problem() -> None:
    """A person reads where and what in one sentence; a program reads the fields."""
    wrong = InvalidData("maxGraphemes", 300, "must not be longer than 300 graphemes", path=("text",))
    wrong.subject = "Record"

    assert str(wrong) == wrong.message == "Record/text must not be longer than 300 graphemes"
    assert (wrong.rule, wrong.expected, wrong.path) == ("maxGraphemes", 300, ("text",))


def test_positions_in_arrays_are_part_of_the_path() -> None:
    """The third element is at 2."""
    wrong = InvalidData("type", "string", "must be a string", path=("tags", 2))

    assert wrong.message == "Value/tags/2 must be a string"


def test_a_document_error_names_the_place() -> None:
    """The path leads from the top of the document."""
    assert str(InvalidLexicon(("defs", "main", "key"), "must be tid")) == "defs/main/key must be tid"


def test_an_error_at_the_top_of_a_document_names_the_document() -> None:
    """An empty path would leave a sentence without a subject."""
    assert str(InvalidLexicon((), "must be an object")) == "document must be an object"


def test_both_errors_are_lexicon_errors() -> None:
    """One except clause can answer both."""
    assert issubclass(InvalidData, LexiconError)
    assert issubclass(InvalidLexicon, LexiconError)
