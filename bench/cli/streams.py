"""The three standard streams, any of which the caller may have closed, and what takes them may be full or gone."""

import contextlib
import os
import sys
from typing import IO

import click


def open_streams() -> None:
    """Send the streams that the caller has closed nowhere: the next file opened would get their numbers."""
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest number that is free: this one
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(descriptor, "w" if descriptor else "r", closefd=False))


def silence(stream: IO[str]) -> None:
    """Send everything that still goes to a stream nowhere, what waits in its buffer as well."""
    with contextlib.suppress(OSError, ValueError):  # a stream of a test has no number
        descriptor = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, descriptor)
        os.close(nowhere)


def tell(text: str) -> None:
    """A line on stderr; where it cannot be written, the command goes on."""
    try:
        click.echo(text, err=True)
    except OSError:
        silence(sys.stderr)
