"""Lexicon documents put together: what is a record of this type, what does this method take and give.

A definition is compiled the first time somebody asks for it, and everything it refers to with it, across documents
and in circles. It does not know where documents come from: whoever makes a catalog has read them.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from roost.lexicon.defs import (
    Body,
    Definition,
    Document,
    Procedure,
    Query,
    Record,
    Schema,
    Subscription,
)
from roost.lexicon.errors import InvalidData, InvalidLexicon
from roost.lexicon.leaves import Check, Form
from roost.lexicon.params import Coerce, compile_params
from roost.lexicon.record_key import record_key_rule
from roost.lexicon.validate import Resolve, compile_record, compile_schema


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record type, ready to judge: `check` takes the record as a roost.data value, `check_key` its record key."""

    nsid: str
    key: str
    check: Check
    check_key: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class BodyType:
    """What a request or an answer carries: `check` takes the decoded JSON, and is None where no schema is
    declared.
    """

    encoding: str
    check: Check | None


@dataclass(frozen=True, slots=True)
class Method:
    """A method, ready to judge: `params` types the query string, `input` and `output` say what the bodies are."""

    nsid: str
    definition: Query | Procedure | Subscription
    params: Coerce
    input: BodyType | None
    output: BodyType | None
    errors: tuple[str, ...]


class Catalog:
    """The documents a server knows. Of two with the same id the later one counts."""

    __slots__ = ("_checks", "_documents", "_methods", "_records")

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self._documents = documents
        self._checks: dict[tuple[str, Form], Check] = {}
        self._records: dict[str, RecordType] = {}
        self._methods: dict[str, Method] = {}

    @classmethod
    def of(cls, documents: Iterable[Document]) -> "Catalog":
        """Put documents together. Whether their references lead somewhere shows when a definition is first used."""
        return cls({document.id: document for document in documents})

    def __iter__(self) -> Iterator[Document]:
        return iter(self._documents.values())

    def document(self, nsid: str) -> Document | None:
        """Return the document with this id, if there is one."""
        return self._documents.get(nsid)

    def definition(self, ref: str) -> Definition | None:
        """Return the definition behind an absolute reference (`nsid` or `nsid#name`), if there is one."""
        nsid, _, name = ref.partition("#")
        document = self._documents.get(nsid)
        return None if document is None else document.defs.get(name or "main")

    def record(self, nsid: str) -> RecordType | None:
        """Return the record type of this name; None when it is not known.

        Raises InvalidLexicon when its definition refers to something that the catalog does not hold.
        """
        found = self._records.get(nsid)
        if found is None:
            definition = self.definition(nsid)
            # "nsid#main" would find the definition too, but is not the name of a type.
            if not isinstance(definition, Record) or nsid not in self._documents:
                return None
            check = self._link("data", lambda resolve: resolve(nsid))
            assert check is not None, "its definition has just been found"
            found = RecordType(nsid, definition.key, _entry("Record", check), record_key_rule(definition.key))
            self._records[nsid] = found
        return found

    def method(self, nsid: str) -> Method | None:
        """Return the method of this name; None when it is not known.

        Raises InvalidLexicon when its definition refers to something that the catalog does not hold.
        """
        found = self._methods.get(nsid)
        if found is None:
            definition = self.definition(nsid)
            if not isinstance(definition, Query | Procedure | Subscription) or nsid not in self._documents:
                return None
            found = self._method(nsid, definition)
            self._methods[nsid] = found
        return found

    def check(self, ref: str, *, form: Form) -> Check:
        """Return the check behind an absolute reference.

        Raises InvalidLexicon when the catalog does not hold the definition, or it has no data to check.
        """
        check = self._link(form, lambda resolve: resolve(ref))
        if check is None:
            raise InvalidLexicon((ref,), "is not known")
        return _entry("Value", check)

    def _method(self, nsid: str, definition: Query | Procedure | Subscription) -> Method:
        return Method(
            nsid,
            definition,
            compile_params(definition.parameters),
            self._body("Input", definition.input if isinstance(definition, Procedure) else None),
            self._body("Output", None if isinstance(definition, Subscription) else definition.output),
            definition.errors,
        )

    def _body(self, subject: str, body: Body | None) -> BodyType | None:
        if body is None:
            return None
        schema = body.schema
        if schema is None:
            return BodyType(body.encoding, None)
        check = self._link("json", lambda resolve: compile_schema(schema, form="json", resolve=resolve))
        return BodyType(body.encoding, None if check is None else _entry(subject, check))

    def _link(self, form: Form, build: Callable[[Resolve], Check | None]) -> Check | None:
        """Compile something together with all it refers to, and keep the parts only if the whole succeeded."""
        fresh: dict[tuple[str, Form], _Cell] = {}

        def resolve(ref: str) -> Check | None:
            ready = self._checks.get((ref, form)) or _ready(fresh.get((ref, form)))
            if ready is not None:
                return ready
            definition = self.definition(ref)
            if definition is None:
                return None
            cell = fresh[ref, form] = _Cell()
            cell.check = _compile(definition, ref=ref, form=form, resolve=resolve)
            return cell.check

        built = build(resolve)
        for key, cell in fresh.items():
            assert cell.check is not None, "build has returned, so nothing is unfinished"
            self._checks[key] = cell.check
        return built


class _Cell:
    """A check that is still being compiled; what refers to it meanwhile, in a circle, calls it through here."""

    __slots__ = ("check",)

    def __init__(self) -> None:
        self.check: Check | None = None

    def __call__(self, value: object) -> None:
        assert self.check is not None, "called before linking ended"
        self.check(value)


def _ready(cell: _Cell | None) -> Check | None:
    return None if cell is None else cell.check or cell


def _compile(definition: Definition, *, ref: str, form: Form, resolve: Resolve) -> Check:
    if isinstance(definition, Record):
        return compile_record(definition, nsid=ref, form=form, resolve=resolve)
    if isinstance(definition, Schema):
        return compile_schema(definition, form=form, resolve=resolve)
    raise InvalidLexicon((ref,), "is referred to as data, but stands for none")


def _entry(subject: str, check: Check) -> Check:
    """Wrap a check for use from outside: its errors begin with `subject`, and nesting too deep is one of them."""

    def entry(value: object) -> None:
        try:
            check(value)
        except InvalidData as wrong:
            wrong.subject = subject
            raise
        except RecursionError:
            # Only a schema that refers to itself leads here, and by now the stack is unwound: the server goes on.
            deep = InvalidData("depth", None, "is nested too deep")
            deep.subject = subject
            raise deep from None

    return entry
