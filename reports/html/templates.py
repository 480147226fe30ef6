"""The templates of the page, its style and its script: files beside this one."""

import re
from functools import cache
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from reports.html.charts.chart import LOOKS
from reports.untrusted import LONGEST_TEXT, visible


def rendered(name: str, /, **values: object) -> str:
    """That template with these values: each text escaped, and what is invisible in it spelled out."""
    return _templates().get_template(name).render(looks=LOOKS, **values)


@cache
def asset(name: str) -> Markup:
    """A file of ours, put in as it is."""
    return Markup(files("reports.html").joinpath(name).read_text(encoding="utf-8"))


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("reports.html", "."),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    made.filters["sentence"] = _sentence
    return made


def _sentence(text: str) -> Markup:
    """What stands between backticks is code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(_shown(text)))))


def _shown(value: Any) -> Any:
    return visible(value, LONGEST_TEXT) if isinstance(value, str) and not isinstance(value, Markup) else value
