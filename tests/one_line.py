"""A command line that is refused."""

from pathlib import Path

import pytest

from bench.cli.main import main


def one_line(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr of a command that ends with code 2 and has nothing on stdout."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith("bench: ")
    return said.err


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line on stderr of a command that ends with code 2 and writes nothing."""
    before = sorted(Path().rglob("*"))
    said = one_line(capsys, *arguments)
    assert sorted(Path().rglob("*")) == before
    return said
