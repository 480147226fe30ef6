"""`bench devices`: what is in devices.yaml, and what to do before measuring there."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bench.cli.console import print_table
from bench.cli.streams import tell
from bench.errors import EXIT_DEVICE, EXIT_DONE, BenchError, UsageError
from bench.plain_text import LONGEST_MESSAGE, plain_line

if TYPE_CHECKING:
    from bench.devices.check import Found
    from bench.records.device import Device
    from bench.records.environment import Environment

_FILE = click.option(
    "--devices-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Default: ./devices.yaml, else ~/.config/bench/devices.yaml.",
)
_VERBOSE = click.option("-v", "--verbose", is_flag=True, help="A traceback with an error.")


@click.group(invoke_without_command=True)
@_FILE
@click.pass_context
def devices(context: click.Context, devices_file: Path | None) -> int:
    """List the devices of devices.yaml; check, set up, trust and clean one of them."""
    context.obj = devices_file
    return context.invoke(list_devices) if context.invoked_subcommand is None else EXIT_DONE


@devices.command(name="list")
@_FILE
@click.pass_context
def list_devices(context: click.Context, devices_file: Path | None) -> int:
    """Show every device by name and the way to it."""
    from bench.devices.file import locate, read_devices

    path = locate(devices_file or context.obj)
    found = read_devices(path) if path is not None else ()
    rows = [["cpu", "this machine", "", "", ""], ["cuda, cuda:N", "this machine", "cuda:0, cuda:N", "", ""]]
    rows += [[d.name, _way(d), d.accelerator, ", ".join(d.runtimes), str(d.threads or "")] for d in found]
    print_table(["device", "where", "accelerator", "runtimes", "threads"], rows)
    where = f"{path}: {len(found)}" if path is not None else "no devices.yaml was found: 0"
    tell(f"{where} devices besides this machine's own")
    return EXIT_DONE


@devices.command()
@click.argument("name", required=False)
@_FILE
@_VERBOSE
@click.pass_context
def check(context: click.Context, name: str | None, devices_file: Path | None, verbose: bool) -> int:
    """Reach one device, or all of devices.yaml, and say what was found there."""
    from bench.devices.check import check as look
    from bench.devices.file import find_device, locate, read_devices

    given = devices_file or context.obj
    if name is not None:
        _print_found(name, look(find_device(name, given)))
        return EXIT_DONE
    path = locate(given)
    entries = read_devices(path) if path is not None else ()
    if not entries:
        raise UsageError("expected a device to check: there is no entry in any devices.yaml; name one, like cpu")
    status = EXIT_DONE
    for device in entries:
        try:
            _print_found(device.name, look(device))
        except BenchError as error:
            tell(f"bench: {error}")
            status = EXIT_DEVICE
    return status


@devices.command()
@click.argument("name")
@click.option("--wheels", type=click.Path(path_type=Path), help="Send these wheels: a board without internet.")
@click.option("--python", default="python3", show_default=True, help="The device's Python to make the environment of.")
@click.option("--index", default="", metavar="URL", help="One more package index for pip on the device.")
@_FILE
@_VERBOSE
@click.pass_context
def setup(
    context: click.Context,
    name: str,
    wheels: Path | None,
    python: str,
    index: str,
    devices_file: Path | None,
    verbose: bool,
) -> int:
    """Make a Python environment on a device, with what its runtimes need."""
    from bench.devices.setup import setup as make
    from bench.records.device import check_python

    try:
        check_python(python)
    except ValueError as error:
        raise UsageError(f"--python: {error}") from None
    if index and not index.startswith(("https://", "http://")):
        raise UsageError(f"expected --index to be a URL, got {index[:80]!r}; begin it with https://")
    make(_device(context, name, devices_file), tell, wheels=wheels, python=python, index=index)
    click.echo(f"{name} is set up; `bench devices check {name}` shows it")
    return EXIT_DONE


@devices.command()
@click.argument("name")
@click.option("--fingerprint", default="", metavar="SHA256:...", help="Trust this key without a question, no other.")
@_FILE
@_VERBOSE
@click.pass_context
def trust(context: click.Context, name: str, fingerprint: str, devices_file: Path | None, verbose: bool) -> int:
    """Show a device's host key and remember it, if you say so."""
    from bench.devices.trust import offered_key, remember

    device = _device(context, name, devices_file)
    key = offered_key(device)
    if key.known:
        click.echo(f"{name} is trusted already: {key.kind} {key.fingerprint} in {key.file}")
        return EXIT_DONE
    click.echo(f"{name} shows {key.kind} {key.fingerprint}")
    if fingerprint and fingerprint != key.fingerprint:
        raise UsageError(f"expected {name} to show {fingerprint}, it shows {key.fingerprint}; nothing was added")
    if not fingerprint:
        tell("Compare it with `ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub` on the device itself.")
        if not click.confirm(f"Add it to {key.file}?", err=True):
            raise UsageError(f"{name} is not trusted: nothing was added")
    remember(device, key)
    click.echo(f"added to {key.file}")
    return EXIT_DONE


@devices.command()
@click.argument("name")
@_FILE
@_VERBOSE
@click.pass_context
def clean(context: click.Context, name: str, devices_file: Path | None, verbose: bool) -> int:
    """Empty our cache on a device, or with `cpu` on this machine; the environment that `setup` made stays."""
    from bench.devices.setup import clean as empty

    empty(_device(context, name, devices_file), tell)
    return EXIT_DONE


def _device(context: click.Context, name: str, devices_file: Path | None) -> "Device":
    from bench.devices.file import find_device

    return find_device(name, devices_file or context.obj)


def _way(device: "Device") -> str:
    if device.ssh is None:
        return "this machine"
    port = f" port {device.ssh.port}" if device.ssh.port else ""
    config = f" ({device.ssh.config})" if device.ssh.config else ""
    return f"ssh {device.ssh.destination}{port}{config}"


def _print_found(name: str, found: "Found") -> None:
    print_table([name, "found"], [[label, value] for label, value in _facts(found.environment) if value])
    for warning in found.warnings:
        click.echo(f"warning: {plain_line(warning, LONGEST_MESSAGE)}")


def _facts(found: "Environment") -> list[tuple[str, str]]:
    from bench.devices.check import throttle_text

    big = f", big {','.join(map(str, found.big_cpus))}" if found.big_cpus else ""
    runtimes = [f"{r.name} {r.version}{f' ({r.note})' if r.note else ''}" for r in found.runtimes]
    flags, heat = found.throttle_flags, found.temperature_c
    return [
        ("machine", f"{found.machine} {found.board}"),
        ("cpu", found.cpu_model),
        ("cores", f"{found.physical_cores} of {found.logical_cpus} logical CPUs{big}"),
        ("features", found.cpu_features),
        ("caches", found.caches),
        ("memory", f"{found.memory_bytes / 1e9:.1f} GB"),
        ("system", f"{found.os}, Linux {found.kernel}"),
        ("virtual", found.virtual),
        ("python", found.python),
        ("runtimes", ", ".join(runtimes) or "none"),
        ("gpus", ", ".join(found.accelerators)),
        ("governor", found.governor),
        ("top clock", f"{found.max_frequency_hz / 1e6:.0f} MHz" if found.max_frequency_hz else ""),
        ("temperature", f"{heat:.0f} C" if heat is not None else ""),
        ("throttle flags", f"{flags:#x} ({throttle_text(flags)})" if flags is not None else ""),
        ("free disk", f"{found.free_disk_bytes / 1e9:.1f} GB" if found.free_disk_bytes is not None else ""),
        ("clock skew", f"{found.clock_skew_s:+.2f} s" if found.clock_skew_s is not None else ""),
    ]
