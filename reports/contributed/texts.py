"""Texts of a journal that have no place on a public page: hostile ones, and what tells of people and their machines."""

import re
from collections.abc import Collection, Iterator

from bench.plain_text import spelled_out
from bench.plan.runtimes import find_runtime
from reports.untrusted import LONGEST_TEXT

_FILES = frozenset({"plan.ledger", "plan.accuracy"})  # whole files of several lines
_LONGEST_FILE = 1_000_000  # characters
_SHOWN = 60  # of a text that is complained about
# Reports escape all of it; no honest run has any. A Python object's `<class 'int'>` is none.
_MARKUP = re.compile(
    r"(?i)<!--|<[/!?]?\s*(?:script|style|img|svg|math|iframe|object|embed|applet|link|meta|base|form|input|button|video"
    r"|audio|source|body|html|head|template|details|marquee|a|p|div|span|table)\b|javascript:"
)
_HOME = re.compile(r"/(?:home|Users)/([^/\s\"']+)|[A-Za-z]:\\+Users\\+([^\\\s\"']+)")
_NOBODY = frozenset({"user", "runner"})  # of a home folder, which tells of no one
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]+@([A-Za-z0-9][A-Za-z0-9.-]*)")


def texts(value: object, path: str) -> Iterator[tuple[str, str]]:
    """Every text in a JSON value, each behind the path of the fields that lead to it."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from texts(item, f"{path}.{name}")
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from texts(item, f"{path}[{index}]")


def wrong_texts(value: object, path: str, runtimes: Collection[str] = ()) -> Iterator[str]:
    """What is wrong with the texts in that value, a line each; `runtimes` are those that the run itself names."""
    for place, text in texts(value, path):
        whole = place in _FILES
        said = _wrong("".join(text.splitlines()) if whole else text, _LONGEST_FILE if whole else LONGEST_TEXT, runtimes)
        if said:
            yield f"{place}: {said}"


def _wrong(text: str, longest: int, runtimes: Collection[str]) -> str:
    if len(text) > longest:
        return f"expected at most {longest} characters, got {len(text)}"
    if spelled_out(text) != text:
        return f"expected text without control, bidirectional or invisible characters, got {_around(text)!r}"
    if found := _MARKUP.search(text):
        return f"expected text without markup, got {text[found.start() :][:_SHOWN]!r}"
    return _personal(text, runtimes)


def _around(text: str) -> str:
    """The first character that is none for a page, and what stands about it."""
    at = next(index for index, letter in enumerate(text) if spelled_out(letter) != letter)
    return text[max(0, at - _SHOWN // 2) : at + _SHOWN // 2]


def _personal(text: str, runtimes: Collection[str]) -> str:
    """A home folder or somebody's address; `fasternet_t0@onnxruntime` is a side of a comparison."""
    for found in _HOME.finditer(text):
        if (found[1] or found[2]) not in _NOBODY:
            return f"expected nobody's home folder, got {found[0]!r}; put /home/user in its place, in both files"
    for found in _ADDRESS.finditer(text):
        if found[0] != "user@host" and found[1] not in runtimes and find_runtime(found[1]) is None:
            return f"expected nobody's address or login, got {found[0]!r}; put user@host in its place, in both files"
    return ""
