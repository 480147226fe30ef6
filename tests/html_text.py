"""A page of the report, taken apart as a browser does."""

import json
from html.parser import HTMLParser
from typing import Any


class Page(HTMLParser):
    """Its tags with their attributes, the text of each script, and everything that is shown."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inside: dict[str, list[str]] = {"script": [], "style": []}
        self.shown: list[str] = []
        self._open = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, {name: value or "" for name, value in attrs}))
        self._open = tag if tag in self.inside else ""
        if self._open:
            self.inside[tag].append("")

    def handle_endtag(self, tag: str) -> None:
        self._open = ""

    def handle_data(self, data: str) -> None:
        if self._open:
            self.inside[self._open][-1] += data
        else:
            self.shown.append(data)

    @property
    def text(self) -> str:
        """What a reader sees, its blanks made one."""
        return " ".join("".join(self.shown).split())

    @property
    def data(self) -> Any:
        """What the script reads."""
        return json.loads(self.inside["script"][0])

    def values(self, attribute: str) -> list[str]:
        """That attribute of every tag that has it."""
        return [attributes[attribute] for _, attributes in self.tags if attribute in attributes]
