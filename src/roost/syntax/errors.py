"""What can be wrong with an identifier: one error, which says which kind of identifier and why.

Deliberately does not know where the text came from.
"""


class InvalidSyntax(ValueError):
    """Text (or something that is not even text) is not an identifier of the kind asked for."""

    def __init__(self, kind: str, raw: object, why: str = "") -> None:
        shown = repr(raw[:100] if isinstance(raw, str) else type(raw).__name__)
        super().__init__(f"not a valid {kind}: {shown}" + (f" ({why})" if why else ""))
        self.kind = kind
        self.raw = raw
