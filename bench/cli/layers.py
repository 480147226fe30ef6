"""`bench layers`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.calibration import calibration_option
from bench.cli.input_options import arrays_option, asked_inputs, size_option
from bench.cli.options import shared_options
from bench.cli.request import request, rows_of
from bench.errors import UsageError
from bench.plan.names import network_workloads
from bench.plan.runtimes import runtime, runtimes, usual_runtime
from bench.plan.values import shown

if TYPE_CHECKING:
    from bench.host.campaign import Campaign
    from bench.records.device import Device
    from bench.records.pair import Pair
    from bench.records.workload import Unit, Workload
    from models.registry import Pixels
    from reports.results import Results

WORKERS = 3  # fresh ones, where nobody says how many


@click.command()
@click.argument("model", required=False)
@click.option("--compare", metavar="MODEL2", help="Another network: where does the difference come from?")
@size_option
@arrays_option
@click.option("--unfused", is_flag=True, help="Leave branches and norms as trained (default: as deployed).")
@click.option(
    "--trace", type=click.Path(dir_okay=False), help="Write a Chrome trace there, and Model Explorer's data beside it."
)
@calibration_option
@shared_options
@click.pass_context
def layers(context: click.Context, /, **options: Any) -> int:
    """Where does a network's time go? Each layer's, by the runtime's own profiler, checked against the whole.

    \b
      bench layers fasternet_t0 --runtime eager,onnxruntime
      bench layers fasternet_t0 --compare mobilevit_xxs --runtime onnxruntime
    """
    from bench.cli.session import run_command

    trace = _new_file(options["trace"])
    if not options["model"] and not options["resume"]:
        raise UsageError("expected a network, such as fasternet_t0 or package.module:factory, got none")
    if not any(options[name] for name in ("quick", "publish", "rounds", "resume")):
        context.params["rounds"] = WORKERS
    names = [name for name in (options["model"], options["compare"]) if name]

    def workloads(campaign: "Campaign") -> "Sequence[Workload]":
        asked = asked_inputs([options["input_px"]] if options["input_px"] else [], options["input_data"])
        return [_network(campaign, name, asked, fused=not options["unfused"]) for name in names]

    rows = rows_of(context, (usual_runtime(*names),), workloads)

    def table(campaign: "Campaign", devices: "Sequence[Device]") -> "tuple[Sequence[Unit], Sequence[Pair]]":
        units, pairs = rows(campaign, devices)
        _check_profiled(units)
        return units, pairs

    def also(results: "Results") -> Sequence[Path]:
        from reports.layers.trace import write_trace

        return write_trace(results.profiles, trace) if trace is not None and results.profiles else ()

    return run_command(request(context, table), also)


def _network(campaign: "Campaign", name: str, asked: "Sequence[Pixels | str]", *, fused: bool) -> "Workload":
    found = network_workloads(campaign.inspect, [name], asked, forms=("plain",), fused=fused)
    if len(found) != 1:
        raise UsageError(f"expected one network, {shown(name)} stands for {len(found)}; name one of them")
    return found[0]


def _new_file(text: str | None) -> Path | None:
    """Where the trace goes, looked at before anything is measured."""
    if text is None:
        return None
    path = Path(text)
    if path.exists() and not path.is_file():
        raise UsageError(f"expected --trace to be a file or a new name, got {shown(text)}; name another")
    if not path.parent.is_dir():
        raise UsageError(f"expected --trace in a folder that is there, got {shown(text)}; make {path.parent} first")
    return path


def _check_profiled(units: "Sequence[Unit]") -> None:
    known = [name for name, row in runtimes().items() if row.profiled]
    for unit in units:
        if not runtime(unit.runtime).profiled:
            raise UsageError(
                f"expected a runtime that says what its layers take ({', '.join(known)}), got {unit.runtime};"
                " choose another --runtime"
            )
        if unit.accelerator:
            raise UsageError(
                f"expected a device whose CPU computes, got {unit.device}: on a GPU a call returns before its kernels"
                " have run; take cpu or a board"
            )
