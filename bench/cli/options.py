"""The options that commands share, and how a comma-separated list becomes an axis."""

import difflib
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import click

from bench.cli.quantities import Duration
from bench.plan.runtimes import runtimes
from bench.plan.values import LARGEST, LARGEST_SEED, positive, shown, whole
from bench.records.run import Option
from bench.records.workload import CACHES, DTYPES, LAYOUTS, size_text
from bench.system.allocator import ALLOCATORS, DEFAULT_ALLOCATOR
from bench.system.priority import PRIORITIES
from reports.formats import stdout_formats

F = TypeVar("F", bound=Callable[..., Any])

# Options that say how a run is shown or continued, not what it measures.
NOT_IN_PLAN = frozenset(
    {
        "out",
        "resume",
        "retry_failed",
        "output_format",
        "dry_run",
        "no_progress",
        "verbose",
        "devices_file",
        "argv",
        "trace",
    }
)


class ListOf(click.ParamType[tuple[Any, ...]]):
    """A comma-separated list, each item once; `parse` raises ValueError for a bad one."""

    def __init__(self, name: str, parse: Callable[[str], object]) -> None:
        self.name = name
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[Any, ...]:
        if isinstance(value, tuple):
            return value
        items: dict[Any, None] = {}
        for text in str(value).split(","):
            try:
                items[self._parse(text.strip())] = None
            except ValueError as error:
                self.fail(str(error), param, ctx)
        return tuple(items)


def one_of(what: str, choices: Iterable[str]) -> Callable[[str], str]:
    """Accepts the choices; the error names the nearest one."""
    known = tuple(choices)

    def parse(text: str) -> str:
        if text in known:
            return text
        near = difflib.get_close_matches(text.lower(), known, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else f"choose from {', '.join(known)}"
        raise ValueError(f"expected {what}, got {shown(text)}; {hint}")

    return parse


class Whole(click.ParamType[int]):
    """One whole number."""

    name = "N"

    def __init__(self, least: int = 1, most: int = LARGEST) -> None:
        self._least, self._most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            return whole(str(value), self._least, self._most)
        except ValueError as error:
            self.fail(str(error), param, ctx)


POSITIVES = ListOf("LIST", positive)

_SHARED = (
    click.option(
        "--device", type=ListOf("LIST", str), default="cpu", help="cpu, cuda, cuda:N or names of devices.yaml."
    ),
    click.option("--devices-file", type=click.Path(dir_okay=False), help="Instead of ./devices.yaml."),
    click.option("--runtime", type=ListOf("LIST", one_of("a runtime", runtimes())), help=f"{', '.join(runtimes())}."),
    click.option("--batch", type=POSITIVES, help="Images a call; default 1, on a GPU 32, or an .onnx file's own."),
    click.option("--threads", type=POSITIVES, help="Default 1."),
    click.option(
        "--dtype",
        type=ListOf("LIST", one_of("a dtype", DTYPES)),
        help=f"{', '.join(DTYPES)}; default float32, or an .onnx file's own.",
    ),
    click.option(
        "--layout", type=ListOf("LIST", one_of("a layout", LAYOUTS)), default="nchw", help=f"{', '.join(LAYOUTS)}."
    ),
    click.option(
        "--allocator",
        type=ListOf("LIST", one_of("an allocator", ALLOCATORS)),
        default=DEFAULT_ALLOCATOR,
        help=f"What malloc does with freed memory: {', '.join(ALLOCATORS)}; default {DEFAULT_ALLOCATOR}.",
    ),
    click.option(
        "--cache",
        type=ListOf("LIST", one_of("a cache", CACHES)),
        default=CACHES[0],
        help="warm: as the call before left it; cold: emptied before each call. Default warm.",
    ),
    click.option(
        "--switch",
        multiple=True,
        metavar="NAME=LIST",
        help="A switch of a runtime, as in graph=all,basic (`bench runtimes` lists them); may be given several times.",
    ),
    click.option(
        "--priority",
        type=click.Choice(PRIORITIES),
        help="Of the workers; default normal, or as the device's entry says. realtime: nothing takes their CPU.",
    ),
    click.option("--quick", is_flag=True, help="One round: no interval is claimed."),
    click.option("--rounds", type=Whole(), help="Default 5, of layers 3."),
    click.option("--publish", is_flag=True, help="Ten rounds, each sampled longer."),
    click.option("--seed", type=Whole(0, LARGEST_SEED), default=0, help="Of the inputs and the order; default 0."),
    click.option("--tf32", is_flag=True, help="Let a GPU use TF32 for float32."),
    click.option("--no-cudnn-benchmark", is_flag=True, help="Don't let cuDNN try its algorithms first."),
    click.option("--flush-denormal", is_flag=True, help="Let the CPU take denormal numbers for zero."),
    click.option("--cuda-graph", is_flag=True, help="Replay a captured CUDA graph."),
    click.option("--out", type=click.Path(file_okay=False), help="The run's folder; default results/<time>-..."),
    click.option("--resume", type=click.Path(file_okay=False), help="Go on with the run in this folder."),
    click.option("--retry-failed", is_flag=True, help="With --resume: run failed units again."),
    click.option("--dry-run", is_flag=True, help="Show the plan and its estimated time."),
    click.option("--no-progress", is_flag=True, help="Say nothing on the way."),
    click.option("-v", "--verbose", is_flag=True, help="Show tracebacks."),
)


def format_option(*commands: str) -> Callable[[F], F]:
    """--format, with the forms that runs of these commands have."""
    return click.option(
        "--format",
        "output_format",
        type=click.Choice(stdout_formats(*commands)),
        default="table",
        help="What goes to stdout.",
    )


def shared_options(command: F) -> F:
    """Add the options that `bench ops`, `bench models` and `bench compare` have in common."""
    for option in reversed((*_SHARED, format_option(command.__name__))):
        command = option(command)
    return command


def sustain_option(command: F) -> F:
    """Add `--sustain`, for rows; a comparison is made of pairs."""
    text = "Keep each row busy for so long, as in 5m: burst and steady speed, and energy; one round unless --rounds."
    return click.option("--sustain", type=Duration("5s", "24h"), help=text)(command)


def budget_option(command: F) -> F:
    """Add `--budget`, for rows; a comparison has its own."""
    text = "Measure no longer than that, as in 10m: rounds go to the rows that need them, at most 50 or --rounds."
    return click.option("--budget", type=Duration("10s", "100h"), help=text)(command)


def limit_option(command: F) -> F:
    """Add `--no-limit`, for rows; a comparison has none."""
    text = "Don't measure what the device can do at most: percent_of_limit stays empty."
    return click.option("--no-limit", is_flag=True, envvar="BENCH_NO_LIMIT", help=text)(command)


def plan_options(context: click.Context) -> tuple[Option, ...]:
    """Every option that decides what is measured, as text."""
    return tuple(
        Option(name=name, value=_text(value))
        for name, value in sorted(context.params.items())
        if name not in NOT_IN_PLAN
    )


def given_options(context: click.Context) -> frozenset[str]:
    """The names of the options that stand on the command line."""
    source = click.core.ParameterSource.COMMANDLINE
    return frozenset(name for name in context.params if context.get_parameter_source(name) is source)


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(size_text(item) if isinstance(item, tuple) else str(item) for item in value)
    return "" if value is None else str(value)
