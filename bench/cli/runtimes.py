"""`bench runtimes`: what there is to run networks in, and what it needs first."""

import click

from bench.cli.console import print_table
from bench.cli.streams import tell
from bench.errors import EXIT_DONE


@click.group(invoke_without_command=True)
@click.pass_context
def runtimes(context: click.Context) -> int:
    """List the runtimes; set up what converts networks for one of them."""
    return context.invoke(list_runtimes) if context.invoked_subcommand is None else EXIT_DONE


@runtimes.command(name="list")
def list_runtimes() -> int:
    """Show every runtime, its version here, and whether networks can be made for it."""
    from bench.cache.store import default_cache
    from bench.host import converters
    from bench.plan.runtimes import runtimes as rows
    from bench.system.packages import installed

    cache = default_cache()
    lines = []
    for row in rows().values():
        converted = f"converted by {', '.join(map(converters.package_of, row.needs))}" if row.converter else "ONNX"
        takes = converted if row.graph else "PyTorch"
        found = installed(row.package)
        state = converters.missing(row, cache) or ("ready" if found else f"pip install {row.package}")
        lines.append([row.name, row.title, row.package, found.version if found else "", takes, state])
    print_table(["runtime", "title", "package", "version", "takes", "state"], lines)
    for row in (row for row in rows().values() if row.switches):
        turned = "; ".join(f"{name}={','.join(values)}" for name, values in row.switches.items())
        click.echo(f"--switch of {row.name}, the usual first: {turned}")
    tell(f"{len(lines)} runtimes; `bench devices setup NAME` installs them on a device")
    return EXIT_DONE


@runtimes.command()
@click.argument("name")
@click.option("-v", "--verbose", is_flag=True, help="A traceback with an error.")
def setup(name: str, verbose: bool) -> int:
    """Install what converts networks for a runtime, in an environment of its own; kept until its versions change."""
    from bench.cache.store import usable_cache
    from bench.host.converters import set_up
    from bench.plan.runtimes import runtime

    click.echo(set_up(runtime(name), usable_cache(), tell))
    return EXIT_DONE
