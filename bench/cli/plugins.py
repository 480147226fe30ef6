"""`bench plugins`."""

import click

from bench.cli.console import print_table
from bench.errors import EXIT_DONE


@click.command()
def plugins() -> int:
    """List what installed plug-ins offer: runtimes, operators, networks; and why one is left out."""
    from bench.plan.plugins import offers
    from bench.plan.runtimes import runtimes
    from bench.plan.subjects import network_plugins, operators

    tables = {"bench.runtimes": runtimes, "bench.operators": operators, "bench.models": network_plugins}
    for read in tables.values():
        read()
    found = offers()
    rows = [
        [
            each.group,
            each.name,
            each.distribution,
            each.version,
            each.problem or ("ok" if each.group in tables else "?"),
        ]
        for each in found
    ]
    print_table(["group", "name", "distribution", "version", "state"], rows)
    click.echo(f"{len(found)} rows of plug-ins besides our own", err=True)
    return EXIT_DONE
