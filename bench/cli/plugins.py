"""`bench plugins`."""

import click

from bench.cli.console import print_table
from bench.cli.streams import tell
from bench.errors import EXIT_DONE


@click.command()
def plugins() -> int:
    """List what installed plug-ins offer: runtimes, operators, networks, formats; and why one is left out."""
    from bench.plan.plugins import offers
    from bench.plan.runtimes import runtimes
    from bench.plan.subjects import network_plugins, operators
    from reports.formats import formats

    for read in (runtimes, operators, network_plugins, formats):
        read()
    found = offers()
    rows = [[each.group, each.name, each.distribution, each.version, each.problem or "ok"] for each in found]
    print_table(["group", "name", "distribution", "version", "state"], rows)
    tell(f"{len(found)} rows of plug-ins besides our own")
    return EXIT_DONE
