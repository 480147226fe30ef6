"""What networks are fed: `--input` of `bench models`, and `--input-data`."""

from collections.abc import Sequence

import click

from bench.cli.options import F, ListOf
from bench.cli.quantities import Size
from bench.errors import UsageError
from bench.plan.names import whole_path
from bench.plan.values import pixels
from models.registry import Pixels, height_width


def sizes_option(command: F) -> F:
    """Add `--input`, a list."""
    text = "Height and width in pixels, as in 224,256,320x256, a row each; default a network's own."
    return click.option("--input", "input_px", type=ListOf("LIST", _one_size), help=text)(command)


def size_option(command: F) -> F:
    """Add `--input`, one size."""
    text = "Height and width in pixels, equal or as 800x1280; default each network's own."
    return click.option("--input", "input_px", type=Size(), help=text)(command)


def arrays_option(command: F) -> F:
    """Add `--input-data`."""
    text = "Your own arrays in place of drawn ones, by the names of the inputs; their batch is that of the rows."
    kind = click.Path(dir_okay=False)
    return click.option("--input-data", type=kind, metavar="FILE.npz|.npy", help=text)(command)


def asked_inputs(sizes: Sequence[str], arrays: str | None) -> list[Pixels | str]:
    """What the two options ask for; none where it is each network's own. UsageError where both do."""
    if sizes and arrays:
        raise UsageError("expected --input or --input-data, got both; the arrays have their size")
    return [whole_path(arrays)] if arrays else [pixels(size) for size in sizes]


def _one_size(text: str) -> str:
    """In one spelling, so that no size is planned twice."""
    height, width = height_width(pixels(text))
    return f"{height}x{width}" if height != width else str(height)
