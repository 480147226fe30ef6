"""`bench models`."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from bench.cli.accuracy_option import accuracy_option, given_accuracies
from bench.cli.axis_options import asked_values, axis_options
from bench.cli.calibration import calibration_option
from bench.cli.input_options import arrays_option, asked_inputs, sizes_option
from bench.cli.ledger import given_ledger, ledger_option
from bench.cli.options import ListOf, Whole, budget_option, limit_option, one_of, shared_options, sustain_option
from bench.cli.request import request, rows_of
from bench.cli.study_options import WholePath
from bench.errors import UsageError
from bench.plan.checkpoints import checkpoint_of
from bench.plan.names import network_workloads
from bench.plan.runtimes import GRAPH_RUNTIME, MODULE_RUNTIME
from bench.plan.schedule import PAIRS_PER_CLAIM, claim_pairs
from models.fasternet_config import AXES

if TYPE_CHECKING:
    from bench.host.campaign import Campaign
    from bench.records.pair import Pair
    from bench.records.workload import Unit, Workload

FORMS = ("plain", "fast")


@click.command()
@click.option(
    "--model",
    type=ListOf("LIST", str),
    help="Names, groups (paper, fasternet, coco, modern, mobile, t0 ... l), timm:NAME, torchvision:NAME, "
    "package.module:factory, FILE.onnx; default paper, with --quick t0.",
)
@sizes_option
@arrays_option
@click.option("--form", type=ListOf("LIST", one_of("a form", FORMS)), default="plain", help="fast: FasterNet's own.")
@axis_options(AXES, defaults=False)
@click.option("--checkpoint", type=WholePath(), help="Weights of the one network, as bench accuracy takes them.")
@click.option("--unfused", is_flag=True, help="Leave branches and norms as trained (default: as deployed).")
@click.option("--claims", is_flag=True, help="Also measure the ratios that the paper claims, as pairs of live workers.")
@click.option("--pairs", type=Whole(most=1000), default=PAIRS_PER_CLAIM, help="Fresh pairs for each claim; default 4.")
@ledger_option("Check the figures printed there (docs/ledger.md); without --model its networks are measured.")
@accuracy_option
@sustain_option
@budget_option
@limit_option
@calibration_option
@shared_options
@click.pass_context
def models(context: click.Context, /, **options: Any) -> int:
    """Measure networks: the default is the paper's Table 3 by its protocol, in eager and ONNX Runtime."""
    from bench.cli.session import run_command

    if options["claims"] and (options["sustain"] or options["budget"]):
        raise UsageError("expected --claims without --sustain and --budget; claims are made of pairs, run them apart")
    text, printed = given_ledger(options["ledger"])
    accuracy, accuracies = given_accuracies(options["accuracy"])
    own = {network.name: network.input_px for network in printed.networks} if text else {}
    names: Sequence[str] = options["model"] or tuple(own) or (("t0",) if options["quick"] else ("paper",))
    claimed = dict.fromkeys((c.first, c.second) for column in printed.columns for c in printed.claims(column))
    if options["claims"] and not claimed:
        raise UsageError(
            "expected a ratio of speeds in the file of --ledger for --claims, got none; see docs/ledger.md"
        )

    def workloads(campaign: "Campaign") -> "Sequence[Workload]":
        return network_workloads(
            campaign.inspect,
            names,
            asked_inputs(options["input_px"] or (), options["input_data"]),
            forms=options["form"],
            fused=not options["unfused"],
            sizes=own,
            axes=asked_values(AXES, options),
            checkpoint=checkpoint_of(options["checkpoint"], names),
        )

    def pairs(units: "Sequence[Unit]") -> "Sequence[Pair]":
        rows = [unit for unit in units if options["claims"] and printed.published(unit)]
        return claim_pairs(rows, claimed, options["pairs"])

    table = rows_of(context, (MODULE_RUNTIME, GRAPH_RUNTIME), workloads, pairs)
    return run_command(request(context, table, ledger=text, accuracy=accuracy, accuracies=accuracies))
