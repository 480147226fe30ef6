"""What the documents point at is there, and the commands that they show are ones that the command line takes."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from bench.cli.main import bench

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(ROOT.glob("docs/*.md"))
LINK = re.compile(r"\]\(([^)\s]+)\)")
TEST = re.compile(r"\b(test_\w+\.py)::(test_\w+)")
ELSEWHERE = re.compile(r"[a-z]+:")


def links(document: Path) -> list[str]:
    """The targets of links and pictures that lie in this repository."""
    return [target for target in LINK.findall(document.read_text("utf-8")) if not ELSEWHERE.match(target)]


def anchors(document: Path) -> set[str]:
    """What GitHub makes of the headings."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


def commands(document: Path) -> Iterator[tuple[str, ...]]:
    """The words behind `bench` of every command in an indented block, comments and redirections cut off."""
    for line in document.read_text("utf-8").splitlines():
        if not re.match(r" {4,}(\.venv/bin/)?bench ", line):
            continue
        words = shlex.split(line, comments=True)
        if ">" in words:
            words = words[: words.index(">")]
        # One line may chain several with &&.
        for part in " ".join(map(shlex.quote, words)).split(" '&&' "):
            program, *rest = shlex.split(part)
            assert Path(program).name == "bench", line
            yield tuple(rest)


def parse(words: tuple[str, ...]) -> None:
    """As far as options and arguments are understood; nothing is run."""
    command: click.Command = bench
    while isinstance(command, click.Group) and words:
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"no command {words[0]!r}"
        command, words = found, words[1:]
    command.make_context("bench", list(words))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_within_the_repository_leads_somewhere(document: Path) -> None:
    for target in links(document):
        path, _, anchor = target.partition("#")
        found = document.parent / path if path else document
        assert found.exists(), f"{document.name}: {target}"
        assert not anchor or anchor in anchors(found), f"{document.name}: {target}"


def test_every_test_that_a_document_names_is_there() -> None:
    named = {pair for document in DOCUMENTS for pair in TEST.findall(document.read_text("utf-8"))}
    assert len(named) > 50, "docs/faults.md names more"
    for file, name in sorted(named):
        assert re.search(rf"^def {name}\(", (ROOT / "tests" / file).read_text("utf-8"), re.MULTILINE), (file, name)


def test_readme_and_guides_do_have_links_and_commands() -> None:
    """Or the tests here would look at nothing."""
    assert len(links(ROOT / "README.md")) > 5
    assert len({words for document in DOCUMENTS for words in commands(document)}) > 20


@pytest.mark.parametrize(
    "words", sorted({words for document in DOCUMENTS for words in commands(document)}), ids=" ".join
)
def test_a_command_that_is_shown_is_taken(words: tuple[str, ...]) -> None:
    parse(words)


@pytest.mark.parametrize("words", [("ops", "--no-such-option"), ("devices", "trust"), ("ops", "--dtype", "int3")])
def test_a_wrong_command_would_be_noticed(words: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        parse(words)
