"""The options of the commands about a network's representations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from bench.cli.options import F, Whole, format_option
from bench.plan.values import LARGEST_SEED

MODEL = "resnet50"
MOST_IMAGES = 10_000


class WholePath(click.ParamType[str]):
    """A path from the current folder on, made whole: the worker may run elsewhere."""

    name = "PATH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        text = str(value)
        if not text.strip():
            # An empty variable of a script, say: random weights would pass for the user's own.
            self.fail("expected a path, got nothing; leave the option out, or name a file or folder", param, ctx)
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            self.fail(f"expected a path in UTF-8, got {text[:40]!r}; rename it", param, ctx)
        return str(Path(text).expanduser().absolute())


def study_options(command: F) -> F:
    """Add what all of them have."""
    options = (
        click.option(
            "--model",
            default=MODEL,
            help="A network's name, timm:NAME, torchvision:NAME or package.module:factory; default resnet50.",
        ),
        click.option("--weights", type=WholePath(), help="A checkpoint (.pth, .safetensors); default random weights."),
        click.option("--seed", type=Whole(0, LARGEST_SEED), default=0, help="Of all that is drawn; default 0."),
        click.option("--out", type=click.Path(file_okay=False), help="The run's folder; default results/<time>-..."),
        format_option(command.__name__),
        click.option("--no-progress", is_flag=True, help="Say nothing on the way."),
        click.option("-v", "--verbose", is_flag=True, help="Show tracebacks."),
    )
    for option in reversed(options):
        command = option(command)
    return command


def image_options(count: int) -> Callable[[F], F]:
    """Add where images come from, and how many are taken where nothing else is said."""

    def add(command: F) -> F:
        most = Whole(most=MOST_IMAGES)
        command = click.option("--count", type=most, default=count, help=f"Images at most; default {count}.")(command)
        text = "A folder of images, also in folders of its own; default images made here."
        return click.option("--images", type=WholePath(), help=text)(command)

    return add
