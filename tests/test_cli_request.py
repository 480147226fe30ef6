"""What the options of a command become, and which of them don't go together."""

from pathlib import Path
from typing import Any

import click
import pytest

from bench.cli.ops import ops
from bench.cli.options import shared_options
from bench.cli.request import Request, request, rows_of
from bench.errors import UsageError


def asked(*arguments: str) -> Request:
    """The request of a command that has the shared options alone."""
    found: list[Request] = []

    @click.command("some")
    @shared_options
    @click.pass_context
    def command(context: click.Context, /, **_: Any) -> None:
        found.append(request(context, rows_of(context, ("eager",), lambda _: ())))

    command.main(arguments, standalone_mode=False)
    return found[0]


def test_defaults_are_filled_in_and_what_was_given_is_known() -> None:
    plain = asked()
    assert (plain.command, plain.devices, plain.axes.rounds, plain.axes.effort) == ("some", ("cpu",), 5, "normal")
    assert plain.axes.allocators == ("retained",)
    assert asked("--allocator", "system,jemalloc").axes.allocators == ("system", "jemalloc")
    assert (plain.out, plain.resume, plain.devices_file, plain.given) == (None, None, None, frozenset())
    published = asked("--publish", "--device", "cpu,board", "--out", "run", "--no-progress")
    assert (published.axes.rounds, published.axes.effort, published.devices) == (10, "publish", ("cpu", "board"))
    assert (published.out, published.quiet) == (Path("run"), True)
    assert published.given == {"publish", "device", "out", "no_progress"}


def test_rounds_may_be_said_twice_beside_a_run_that_goes_on() -> None:
    assert asked("--quick", "--rounds", "1", "--resume", "old").given == {"quick", "rounds", "resume"}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ("--quick --rounds 3", "expected one of --quick, --publish and --rounds, got --quick and --rounds"),
        ("--retry-failed", "expected --retry-failed beside --resume DIR, got it alone; say which run"),
        ("--out new --resume old", "expected --out or --resume, got both; results stay in old"),
    ],
)
def test_what_does_not_go_together_is_refused(arguments: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        asked(*arguments.split())
    assert str(caught.value) == message


def test_the_options_of_an_operators_axes_keep_their_names_in_run_json() -> None:
    """Older runs hold them: `--resume` and reports read them there."""
    context = click.Context(ops)
    own = [(parameter.opts[0], parameter.name, parameter.get_default(context)) for parameter in ops.params[2:10]]
    assert own == [
        ("--variant", "variant", "split_cat"),
        ("--channels", "channels", "first"),
        ("--kernel", "kernel", "3"),
        ("--ratio", "ratios", "1/4"),
        ("--groups", "groups", "16"),
        ("--stack", "stack", "10"),
        ("--dilation", "dilation", "1"),
        ("--stride", "stride", "1"),
    ]
