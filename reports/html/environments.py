"""What the devices of all runs are, a column each, and what is not the same in all of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.records.environment import Environment
from bench.records.run import Run
from reports.html.shown import Shown
from reports.one_row import plain_value

_VOLATILE = {"free_disk_bytes", "clock_skew_s", "temperature_c", "fingerprint", "created"}  # differ without meaning


@dataclass(frozen=True, kw_only=True)
class EnvironmentLine:
    """One thing about each device; `differs` where it is not the same on all, and matters."""

    name: str
    values: tuple[str, ...]
    differs: bool


@dataclass(frozen=True, kw_only=True)
class Environments:
    """`columns` are devices, each with its run where there are several."""

    columns: tuple[str, ...]
    lines: tuple[EnvironmentLine, ...]

    @property
    def difference(self) -> str:
        """In a sentence; empty of one device."""
        if len(self.columns) < 2:
            return ""
        names = [line.name for line in self.lines if line.differs]
        return f"Not the same: {', '.join(names)}." if names else "Nothing that decides a number differs between them."


def environments(runs: Sequence[Shown]) -> Environments:
    """Every device that a run planned for, in order."""
    places = [(shown, state.name) for shown in runs for state in shown.results.run.devices]
    found = [_facts(shown.results.run, device) for shown, device in places]
    names = dict.fromkeys(name for facts in found for name in facts)
    return Environments(
        columns=tuple(f"{shown.name}: {device}" if len(runs) > 1 else device for shown, device in places),
        lines=tuple(_line(name, [facts.get(name, "") for facts in found]) for name in names),
    )


def _line(name: str, values: Sequence[str]) -> EnvironmentLine:
    return EnvironmentLine(
        name=name.replace("_", " "), values=tuple(values), differs=len(set(values)) > 1 and name not in _VOLATILE
    )


def _facts(run: Run, device: str) -> dict[str, str]:
    plan = run.plan
    facts = {"created": plan.created_utc, "version of bench": plan.version, "code version": plan.code_version}
    environment = run.device(device).environment
    return facts | ({"state": "never reached"} if environment is None else _of_device(environment))


def _of_device(environment: Environment) -> dict[str, str]:
    shown = {name: value for name, value in asdict(environment).items() if value not in (None, "", (), [])}
    shown.pop("runtimes", None)
    versions = {each.name: f"{each.version} {each.note}".strip() for each in environment.runtimes}
    return {name: plain_value(value) for name, value in shown.items()} | versions
