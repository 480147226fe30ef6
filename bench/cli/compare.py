"""`bench compare`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cli.calibration import calibration_option
from bench.cli.gate import SelfTest, is_gate, revisions
from bench.cli.options import Whole, shared_options
from bench.cli.quantities import Duration, Percent
from bench.cli.request import axes_of, request
from bench.errors import UsageError
from bench.host.enough import Enough
from bench.plan.gate_pairs import gate_pairs
from bench.plan.sides import FORM, Side, comparison_pairs, parse_side
from bench.records.answer import GATE_MARGIN, MARGIN
from bench.records.origin import Origin
from bench.records.pair import MOST_PAIRS

if TYPE_CHECKING:
    from bench.host.campaign import Campaign
    from bench.records.device import Device
    from bench.records.pair import Pair
    from bench.records.workload import Unit

PAIRS = 10
OPEN_PAIRS = 200  # at most, where an interval or a time decides how many there are


class PythonPath(click.ParamType[str]):
    """The path of a Python on the device; from the current folder where it does not begin with /."""

    name = "PATH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not str(value).strip():
            self.fail("expected the path of a Python, such as .venv/bin/python, got nothing", param, ctx)
        try:
            return Origin(python=str(Path(str(value)).expanduser().absolute())).python
        except (ValueError, RuntimeError) as error:
            self.fail(str(error), param, ctx)


@click.command()
@click.argument("sides", nargs=-1, metavar="A B | SUBJECT...")
@click.option("--pairs", type=Whole(most=MOST_PAIRS), help=f"Fresh pairs of workers; default {PAIRS}.")
@click.option("--until", type=Percent(), help="Go on until the ratio's interval is that narrow, as in 2%.")
@click.option("--budget", type=Duration("1s", "100h"), help="Begin no pair that would end later, as in 2m.")
@click.option(
    "--margin", type=Percent(), help=f"No smaller change counts; default {MARGIN:.0%}, of a gate {GATE_MARGIN:.0%}."
)
@click.option("--base", metavar="REF", help="Each SUBJECT at that git revision against the same in the working tree.")
@click.option("--gate", is_flag=True, help="Exit 1 where any is confirmed slower; --base is then the merge base.")
@click.option("--strict", is_flag=True, help="With --gate: exit 3 where any is UNCLEAR.")
@click.option("--self-test", type=SelfTest(), help="Would the gate here find a slowdown, and stay silent without?")
@click.option("--python-a", type=PythonPath(), help="Python that A is run by, with the packages it has there.")
@click.option("--python-b", type=PythonPath(), help="The same of B; default of both is this command's own.")
@calibration_option
@shared_options
@click.pass_context
def compare(context: click.Context, /, **options: Any) -> int:
    """How many times as slow is B as A? Measured interleaved, by pairs of live workers, on each device.

    A and B are SUBJECT[@RUNTIME][,NAME=VALUE...]: a network as --model names it, or an operator with its size; or the
    folders of two finished runs. With --base, --gate or --self-test each SUBJECT is held against itself.

    \b
      bench compare fasternet_t0 fasternet_t0@onnxruntime
      bench compare dwconv,size=96x56x56,allocator=system dwconv,size=96x56x56
      bench compare results/monday results/tuesday
      bench compare --base main --gate mypackage.nets:make_net@onnxruntime
    """
    from bench.cli.compare_runs import compare_runs, finished_runs
    from bench.cli.session import run_command

    if (folders := finished_runs(options["sides"])) is not None:
        return compare_runs(context, folders, options)
    if options["quick"] or options["rounds"]:
        raise UsageError("expected --pairs, --until or --budget, got rounds; a comparison is made of pairs")
    gate = is_gate(options)
    if not options["sides"] and not options["resume"]:
        raise UsageError(f"expected {'what to hold against itself' if gate else 'two sides'}, each {FORM}, got none")
    margin = options["margin"] or (GATE_MARGIN if gate else MARGIN)
    enough = Enough(until=options["until"], budget_s=options["budget"], margin=margin)
    pairs = options["pairs"] or (PAIRS if enough.until is None and enough.budget_s is None else OPEN_PAIRS)
    with revisions(options) as found:

        def table(campaign: "Campaign", devices: "Sequence[Device]") -> "tuple[Sequence[Unit], Sequence[Pair]]":
            sides, axes = _sides(options["sides"], gate=gate), axes_of(options)
            if gate:
                slowdown = options["self_test"] or 1.0
                return (), gate_pairs(sides, campaign.inspect, axes, devices, pairs, found.origins, slowdown)
            first, second = sides
            pythons = Origin(python=options["python_a"] or ""), Origin(python=options["python_b"] or "")
            return (), comparison_pairs((first, second), campaign.inspect, axes, devices, pairs, pythons)

        return run_command(request(context, table, enough, found.base))


def _sides(texts: Sequence[str], *, gate: bool) -> list[Side]:
    if not gate and len(texts) != 2:
        raise UsageError(f"expected two sides, each {FORM}, got {len(texts)}")
    try:
        return list(map(parse_side, texts))
    except ValueError as error:
        raise UsageError(str(error)) from None
