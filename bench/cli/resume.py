"""What an earlier process of a run has left to do, and whether this one may go on with it."""

from collections.abc import Sequence, Set
from pathlib import Path

from bench.cli.request import Request
from bench.errors import UsageError
from bench.host.budget import Budget
from bench.host.campaign import Campaign
from bench.host.enough import Enough
from bench.journal import read_plan
from bench.plan.code_version import code_version
from bench.records.environment import difference
from bench.records.origin import PythonEnvironment, differing
from bench.records.pair import Pair
from bench.records.run import Option, Plan, Run
from bench.records.workload import Unit, size_text
from bench.system.priority import PRIORITIES


def plan_to_resume(request: Request) -> tuple[Plan, Path]:
    """The plan in the folder that is to be resumed; UsageError where an option given beside it disagrees."""
    folder = request.resume or Path()
    plan = read_plan(folder)
    if plan.command != request.command:
        raise UsageError(f"{folder} is a run of `bench {plan.command}`; resume it with that command")
    check_options(plan, folder, request.options, request.given)
    for option, text, own_text in (
        ("--ledger", request.ledger, plan.ledger),
        ("--accuracy", request.accuracy, plan.accuracy),
        ("--accuracy", request.accuracies, plan.accuracies),
    ):
        if text and text != own_text:
            raise UsageError(
                f"the file of {option} is not what the run in {folder} was begun with; "
                "leave it out (the run holds its own), or start a new run"
            )
    return plan, folder


def check_options(plan: Plan, folder: Path, options: Sequence[Option], given: Set[str]) -> None:
    """UsageError where one of the `given` options disagrees with the run, or this is not the code that began it."""
    stored = {option.name: option.value for option in plan.options}
    asked = {option.name: option.value for option in options}
    own = {"budget"} if stored.get("budget") else set()  # each process of such a run has one of its own
    for name in sorted(given & asked.keys() - own):
        has = stored.get(name) or _came_to(plan, name)
        if has != asked[name]:
            flag = "--" + name.replace("_", "-")
            raise UsageError(
                f"{flag} {asked[name]} disagrees with the run in {folder}, which "
                f"{f'has {has}' if has else 'was begun without it'}; leave it out, or start a new run"
            )
    if plan.code_version != code_version():
        raise UsageError(
            f"the run in {folder} was made by code {plan.code_version}, this is {code_version()}; "
            "numbers of both don't belong in one table: start a new run, or check that code out"
        )


def _came_to(plan: Plan, option: str) -> str:
    """What an option that was left to its default came to, as the command line would write it."""
    values: dict[str, list[object]] = {
        "rounds": [plan.rounds],
        "pairs": [1 + max((pair.first.round for pair in plan.pairs if not pair.again), default=-1)],
        "margin": [plan.margin],
        "runtime": [unit.runtime for unit in plan.units],
        "batch": [unit.batch for unit in plan.units],
        "dtype": [unit.dtype for unit in plan.units],
        "threads": [unit.threads for unit in plan.units],
        "priority": [PRIORITIES[unit.settings.realtime] for unit in plan.units],
        "op": [unit.workload.name for unit in plan.units],
        "sizes": [size_text(unit.workload.input_shape) for unit in plan.units],
    }
    return ",".join(dict.fromkeys(map(str, values.get(option, []))))


def take_limits(enough: Enough, plan: Plan) -> None:
    """What the run was begun with holds for the rest of it; a budget once more as long, unless another one is given."""
    enough.margin, enough.until = plan.margin, plan.until
    enough.budget_s = enough.budget_s or plan.pairs_budget_s
    if plan.budget_s is not None and enough.rows is None:
        enough.rows = Budget(plan.budget_s)


def left(plan: Plan, run: Run, retry_failed: bool) -> tuple[list[Unit], list[Pair]]:
    """What a resumed run has to measure."""
    again = {"lost"} | ({"failed"} if retry_failed else set())
    ended = {record.unit.id for record in run.records if record.status not in again}
    pairs_ended = {record.pair.id for record in run.pair_records if record.status not in again}
    units = [unit for unit in plan.units if unit.id not in ended]
    return units, [pair for pair in plan.pairs if pair.id not in pairs_ended]


def device_names(plan: Plan, units: Sequence[Unit], pairs: Sequence[Pair]) -> list[str]:
    """The devices that what is left needs, in the plan's order: the others may be off, or have changed since."""
    needed = {unit.device for unit in units} | {pair.first.device for pair in pairs}
    return [state.name for state in plan.devices if state.name in needed]


def check_same(run: Run, campaign: Campaign, folder: Path) -> None:
    """UsageError where a device or a Python of the run has changed since."""
    # The journal's word: a device that was away at planning has none in the plan.
    for state in run.devices:
        now = campaign.environments.get(state.name)
        if now is not None and state.environment is not None and (changed := difference(state.environment, now)):
            raise UsageError(f"--resume {folder}: {state.name} is not what it was: {changed}; start a new run")
        for was in state.pythons:
            found = campaign.python_of(state.name, was.path)
            if changed := "; ".join(f"{name} was {old}, is {new}" for name, old, new in _changes(was, found)):
                python = was.path or "the usual Python"
                raise UsageError(f"--resume {folder}: {python} is not what it was: {changed}; start a new run")


def _changes(was: PythonEnvironment, found: PythonEnvironment | None) -> tuple[tuple[str, str, str], ...]:
    return () if found is None else differing(was, found)  # not looked at: nothing that is left needs it
