"""`bench peak`."""

from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.capacity import check_capacity
from bench.cli.interrupts import Interrupts
from bench.cli.options import POSITIVES, ListOf, one_of
from bench.cli.quantities import Duration
from bench.cli.streams import tell
from bench.errors import EXIT_DONE, EXIT_FAILED, UsageError
from bench.plan.values import shown
from bench.records.workload import DTYPES
from bench.system.priority import PRIORITIES
from reports.formats import peak_formats

if TYPE_CHECKING:
    from bench.host.campaign import Campaign
    from bench.records.ceilings import Ceilings
    from bench.records.device import Device
    from reports.peak.report import PeakReport

MAX_AGE = "30d"


@click.command()
@click.option("--device", default="cpu", help="cpu, cuda, cuda:N or a name of devices.yaml.")
@click.option("--devices-file", type=click.Path(dir_okay=False), help="Instead of ./devices.yaml.")
@click.option(
    "--dtype",
    "dtypes",
    type=ListOf("LIST", one_of("a dtype", DTYPES)),
    default="float32",
    help=f"{', '.join(DTYPES)}; default float32.",
)
@click.option("--threads", type=POSITIVES, help="Default 1, or as the device's entry says.")
@click.option(
    "--max-age", type=Duration("1s", "9999d"), default=MAX_AGE, help="Measure again what is older; default 30d."
)
@click.option(
    "--priority", type=click.Choice(PRIORITIES), help="Of the workers; default normal, or as the device's entry says."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Write tables and the roofline there.")
@click.option(
    "--format",
    "output_format",
    type=click.Choice(tuple(peak_formats())),
    default="table",
    help="What goes to stdout.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
def peak(out: Path | None, output_format: str, verbose: bool, **options: Any) -> int:
    """What can this device do at most? Matrix products, memory, page faults and empty calls, measured there.

    \b
      bench peak
      bench peak --dtype float32,bfloat16,int8 --threads 1,2 --out peak
      bench peak --device pi4
    """
    from bench.cache.store import usable_cache
    from bench.cli.output import show, writing
    from bench.cli.progress import Teller
    from bench.devices.file import find_device
    from bench.host.campaign import Campaign
    from bench.link.choice import transport_for
    from reports.peak.write import write_peak

    if "," in options["device"]:
        raise UsageError(f"expected one device, got {shown(options['device'])}; measure each by itself")
    file = options["devices_file"]
    device, cache = find_device(options["device"], Path(file) if file else None), usable_cache()
    with closing(Campaign([device], transport_for, cache, Teller())) as campaign, Interrupts(campaign):
        campaign.connect()
        report = _report(campaign, device, cache, options)
    if out is not None:
        with writing(out, f"bench peak --out {out}"):
            write_peak(report, out)
    show(peak_formats()[output_format].shown(report), "run it again: what was measured is kept")
    return EXIT_DONE if report.measured else EXIT_FAILED


def _report(campaign: "Campaign", device: "Device", cache: Path, options: dict[str, Any]) -> "PeakReport":
    from reports.peak.report import PeakReport

    (machine,) = campaign.machines
    environment, threads = machine.environments[device.name], options["threads"] or (device.threads or 1,)
    realtime = (options["priority"] or device.priority) == "realtime"
    check_capacity(device.name, environment, max(threads), realtime=realtime)
    found = [
        _ceilings(campaign, device, cache, dtype, count, options["max_age"], realtime=realtime)
        for dtype in options["dtypes"]
        for count in threads
    ]
    return PeakReport(device=device.name, environment=environment, ceilings=tuple(found))


def _ceilings(
    campaign: "Campaign",
    device: "Device",
    cache: Path,
    dtype: str,
    threads: int,
    max_age_s: float,
    *,
    realtime: bool,
) -> "Ceilings":
    from bench.host.ceilings import keep, measured
    from bench.host.peak_cache import PeakCache

    (machine,), kept = campaign.machines, PeakCache(cache)
    mark = machine.environments[device.name].fingerprint
    if (found := kept.get(mark, dtype, threads, max_age_s)) is not None:
        return found
    found = measured(machine, device, dtype, threads, lambda text: tell(f"{device.name}: {text}"), realtime=realtime)
    keep(kept, mark, found, tell)
    return found
