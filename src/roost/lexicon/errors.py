"""What can be wrong with a schema, and with a value that a schema judges.

    LexiconError
    ├── InvalidLexicon     the document is not in the Lexicon language, or refers to what is not there
    └── InvalidData        the value does not conform to its schema

It does not know HTTP: which status and name a failure becomes, and whose words the message is put in, is for the edge
to say. `InvalidData` carries what an edge needs for that: the path, the rule, and what the rule expected.
"""

from typing import Literal

Path = tuple[str | int, ...]
"""Where something is: property names, and the positions of array elements."""

Rule = Literal[
    "required",  # the object at `path` lacks the property named by `expected`
    "type",  # not a value of the type named by `expected`
    "nullable",  # null, where a value of the type named by `expected` has to be
    "enum",  # not one of `expected`, a tuple
    "const",  # not `expected`
    "minimum",  # an integer below `expected`
    "maximum",  # an integer above `expected`
    "minLength",  # fewer than `expected` bytes (of a string, in UTF-8) or elements
    "maxLength",  # more of them
    "minGraphemes",  # fewer than `expected` user-perceived characters
    "maxGraphemes",  # more of them
    "format",  # a string that is not of the format named by `expected`
    "accept",  # a blob of a media type that matches none of `expected`, a tuple of patterns
    "maxSize",  # a blob that declares itself larger than `expected` bytes
    "union",  # not an object that says which variant it is, or a variant outside `expected`, a tuple of type names
    "repeated",  # a query parameter given more than once that is not an array
    "key",  # a record key that is not of the kind `expected`
    "depth",  # nested too deep to be judged
]


class LexiconError(ValueError):
    """A schema, or a value under one, is not valid."""


class InvalidLexicon(LexiconError):
    """The document breaks the Lexicon language at `path`; `why` says how."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{'/'.join(map(str, path)) or 'document'} {why}")
        self.path = path
        self.why = why


class InvalidData(LexiconError):
    """The value breaks its schema at `path`.

    It is raised where the rule is broken and handed up through the containers, each of which puts its own step in
    front of `path`: the path costs nothing as long as the value is valid.
    """

    def __init__(self, rule: Rule, expected: object, problem: str, *, path: Path = ()) -> None:
        super().__init__(problem)
        self.rule: Rule = rule
        self.expected = expected
        self.problem = problem
        self.path = path
        self.subject = "Value"

    @property
    def message(self) -> str:
        """The whole sentence for a person: `Record/text must not be longer than 300 graphemes`."""
        return f"{'/'.join((self.subject, *map(str, self.path)))} {self.problem}"

    def __str__(self) -> str:
        return self.message
