"""`bench doctor`."""

from contextlib import closing

import click

from bench.cli.console import stdout_console
from bench.cli.interrupts import Interrupts
from bench.errors import EXIT_DONE, EXIT_FAILED, StoppedError, UsageError
from bench.plan.values import shown
from bench.system.priority import PRIORITIES


@click.command()
@click.option("--device", default="cpu", help="cpu, cuda, cuda:N or a name of devices.yaml.")
@click.option("--devices-file", type=click.Path(dir_okay=False), help="Instead of ./devices.yaml.")
@click.option("--priority", type=click.Choice(PRIORITIES), help="Of the workers that compare a workload with itself.")
@click.option("--format", "output_format", type=click.Choice(("table", "json")), default="table")
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
def doctor(device: str, devices_file: str | None, priority: str | None, output_format: str, verbose: bool) -> int:
    """Is this machine fit to measure? What was found, what mends it, and the smallest change it could see."""
    from pathlib import Path

    from bench.cache.store import usable_cache
    from bench.cli.progress import Teller
    from bench.devices.file import find_device
    from bench.host.campaign import Campaign
    from bench.host.doctor import examine
    from bench.link.choice import transport_for
    from reports.doctor.findings import is_fit
    from reports.doctor.text import json_doctor, terminal_doctor

    if "," in device:
        raise UsageError(f"expected one device, got {shown(device)}; look at each by itself")
    found = find_device(device, Path(devices_file) if devices_file else None)
    with closing(Campaign([found], transport_for, usable_cache(), Teller())) as campaign, Interrupts(campaign):
        campaign.connect()
        examined = examine(campaign, found, priority or "")
        if campaign.stopped:
            raise StoppedError
    if output_format == "json":
        click.echo(json_doctor(examined), nl=False)
    else:
        stdout_console().print(terminal_doctor(examined))
    return EXIT_DONE if is_fit(examined) else EXIT_FAILED
