"""Pages out of templates: escaped, styled by one sheet inside the page, and allowed to load nothing else.

It deliberately does not know any page.
"""

from base64 import b64encode
from hashlib import sha256
from importlib.resources import files
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import HTMLResponse

STYLE: Final = (files("roost.web") / "templates" / "style.css").read_text("utf-8")

# No script, no image, no frame around it, no form that posts elsewhere; and of all style sheets only ours, by its hash.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        f"style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cache-control": "no-cache",
}

_TEMPLATES: Final = Environment(
    loader=PackageLoader("roost.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def page(template: str, **values: object) -> HTMLResponse:
    """Return the page that a template makes of values, each escaped; one that the template misses is an error."""
    # The sheet is ours; escaping its quotes would change its hash.
    text = _TEMPLATES.get_template(template).render(values, style=Markup(STYLE))  # noqa: S704
    return HTMLResponse(text, headers=HEADERS)
