"""What one command wants measured: the command line, understood and checked once."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.calibration import given_calibration
from bench.cli.options import given_options, plan_options
from bench.errors import UsageError
from bench.host.budget import MOST_ROUNDS, Budget
from bench.host.enough import Enough
from bench.plan.axes import Axes, cells
from bench.plan.values import shown
from bench.records.accuracy import MeasuredAccuracy
from bench.records.base import Base
from bench.records.device import Device
from bench.records.pair import Pair
from bench.records.run import Option
from bench.records.workload import Settings, Unit, Workload

if TYPE_CHECKING:
    from bench.host.campaign import Campaign

# Units of round 0 and pairs, on the devices; it may ask the campaign to inspect networks first.
Table = Callable[["Campaign", Sequence[Device]], tuple[Sequence[Unit], Sequence[Pair]]]


@dataclass(frozen=True, kw_only=True)
class Request:
    """`bench ops` or `bench models` with its options; UsageError where two of them don't go together."""

    command: str
    argv: tuple[str, ...]
    options: tuple[Option, ...]  # those that decide what is measured, as text
    given: frozenset[str]  # the names of those that stand on the command line
    devices: tuple[str, ...]
    devices_file: Path | None
    axes: Axes
    table: Table
    enough: Enough  # pairs of a comparison, or rounds of a table in a given time
    base: Base | None  # of a gate
    margin: float  # of comparisons, relative
    ledger: str  # the text of a table of printed figures; empty: the usual one
    accuracy: str  # the text of a file of accuracies, or empty
    accuracies: tuple[MeasuredAccuracy, ...]  # that runs of bench accuracy have found
    out: Path | None
    resume: Path | None
    retry_failed: bool
    dry_run: bool
    quiet: bool
    output_format: str

    def __post_init__(self) -> None:
        if self.retry_failed and self.resume is None:
            raise UsageError("expected --retry-failed beside --resume DIR, got it alone; say which run")
        if self.out and self.resume:
            raise UsageError(f"expected --out or --resume, got both; results stay in {self.resume}")


def request(
    context: click.Context,
    table: Table,
    enough: Enough | None = None,
    base: Base | None = None,
    ledger: str = "",
    accuracy: str = "",
    accuracies: tuple[MeasuredAccuracy, ...] = (),
) -> Request:
    """The request that a command's options make, those of `shared_options` among them."""
    options = context.params
    if enough is None:
        enough = _enough_rows(options)
    return Request(
        command=context.command.name or "",
        argv=tuple(sys.argv[1:]),
        options=plan_options(context),
        given=given_options(context),
        devices=options["device"],
        devices_file=_path(options["devices_file"]),
        axes=axes_of(options),
        table=table,
        enough=enough,
        base=base,
        margin=enough.margin,
        ledger=ledger,
        accuracy=accuracy,
        accuracies=accuracies,
        out=_path(options["out"]),
        resume=_path(options["resume"]),
        retry_failed=options["retry_failed"],
        dry_run=options["dry_run"],
        quiet=options["no_progress"],
        output_format=options["output_format"],
    )


def _enough_rows(options: dict[str, Any]) -> Enough:
    if options.get("budget") is None:
        return Enough()
    if options["quick"] or options["publish"]:
        raise UsageError("expected --budget with --rounds at most, got --quick or --publish; the time decides")
    return Enough(rows=Budget(options["budget"]))


def rows_of(
    context: click.Context,
    runtimes: tuple[str, ...],
    workloads: "Callable[[Campaign], Sequence[Workload]]",
    pairs: Callable[[Sequence[Unit]], Sequence[Pair]] = lambda _: (),
) -> Table:
    """The cells of these workloads on each device, and pairs of them; they may ask the campaign to inspect networks.

    `runtimes` are those where neither the command line nor the device's entry names any.
    """

    def table(campaign: "Campaign", devices: Sequence[Device]) -> tuple[Sequence[Unit], Sequence[Pair]]:
        found, axes = workloads(campaign), axes_of(context.params)
        units = [unit for device in devices for unit in cells(found, axes, device, runtimes)]
        return units, pairs(units)

    return table


def _path(text: str | None) -> Path | None:
    return Path(text) if text else None


def _switches(given: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The values of each switch, each once."""
    found: dict[str, tuple[str, ...]] = {}
    for text in given:
        name, equals, values = text.partition("=")
        if not equals or not values or name in found:
            raise UsageError(f"expected --switch NAME=VALUE[,VALUE...], each name once, got {shown(text)}")
        found[name] = tuple(dict.fromkeys(values.split(",")))
    return found


def axes_of(options: dict[str, Any]) -> Axes:
    """The axes that the shared options name; UsageError where two of them don't go together."""
    given = [f"--{name}" for name in ("quick", "publish", "rounds") if options[name]]
    if len(given) > 1 and not options["resume"]:  # which compares each of them with the run instead
        raise UsageError(f"expected one of --quick, --publish and --rounds, got {' and '.join(given)}")
    sustain_s = options.get("sustain") or 0.0
    if sustain_s and options["publish"]:
        raise UsageError("expected --sustain with --rounds, got --publish; a worker is sampled for as long as you say")
    usual = MOST_ROUNDS if options.get("budget") else 1 if sustain_s else 5
    rounds = 1 if options["quick"] else 10 if options["publish"] else options["rounds"] or usual
    return Axes(
        runtimes=options["runtime"] or (),
        batches=options["batch"] or (),
        threads=options["threads"] or (),
        dtypes=options["dtype"] or (),
        layouts=options["layout"],
        allocators=options["allocator"],
        caches=options["cache"],
        rounds=rounds,
        effort="publish" if options["publish"] else "normal",
        seed=options["seed"],
        settings=Settings(
            tf32=options["tf32"],
            cudnn_benchmark=not options["no_cudnn_benchmark"],
            flush_denormal=options["flush_denormal"],
            cuda_graph=options["cuda_graph"],
            sustain_s=sustain_s,
        ),
        switches=_switches(options["switch"]),
        calibration=given_calibration(options.get("calibration")),
        priority=options["priority"] or "",
    )
