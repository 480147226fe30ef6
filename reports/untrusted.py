"""Text from a device is data: it must not steer a terminal, a spreadsheet or a browser.

Names, reasons and notes may come from a machine that we do not control. Every renderer passes them
through here.
"""

import html
import re
from functools import lru_cache

from bench.plain_text import spelled_out

LONGEST = 300  # characters of one cell: a device cannot flood a table
LONGEST_TEXT = 4000  # where a whole command line has a place

# What spreadsheets take as the start of a formula (OWASP, CSV injection).
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
# An underscore inside a word is plain text in every dialect; everywhere else it may be emphasis.
_MARKDOWN_SPECIAL = re.compile(r"([\\`*\[\]|~$]|(?<![0-9A-Za-z])_|_(?![0-9A-Za-z]))")
# A bare address becomes a link, and @name a mention, without any markup.
_MARKDOWN_LINK = re.compile(r"(?i)(?:https?|ftp|mailto)(:)|www(\.)|(@)(?=\w)")


def visible(text: str, longest: int = LONGEST) -> str:
    """One line in which control, bidirectional and other invisible characters are spelled out."""
    shortened = text if len(text) <= longest else text[: longest - 1] + "…"
    return spelled_out(shortened)


@lru_cache(maxsize=4096)  # a column has few values
def safe_csv(text: str) -> str:
    """A cell that no spreadsheet takes for a formula: such a start gets an apostrophe before it."""
    # Spreadsheets trim leading blanks before they look for a formula; visible() would hide a leading tab.
    stripped = text.lstrip(" \n\v\f\u00a0")
    shown = visible(text)
    return "'" + shown if stripped.startswith(_FORMULA_STARTS) else shown


def safe_markdown(text: str, longest: int = LONGEST) -> str:
    """Text that shows the very characters: no markup, no HTML, no links, no column break."""
    escaped = _MARKDOWN_SPECIAL.sub(r"\\\1", visible(text, longest))
    return _MARKDOWN_LINK.sub(_broken_link, html.escape(escaped, quote=False))


def _broken_link(match: re.Match[str]) -> str:
    """The match with the character that makes it a link written as an entity."""
    sign = next(group for group in match.groups() if group)
    return match.group(0).replace(sign, f"&#{ord(sign)};")
