"""Table 5 beside our changed FasterNets: their speed, and its ratio to the published network's."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from bench.records.run import Run
from bench.records.workload import NetworkChanges, Unit, size_text
from reports.ledger.by_round import by_round, images_per_s
from reports.ledger.entry import NOT_MEASURED, Entry, Place, by_place, speed_entry
from reports.ledger.printed_table import PrintedNetwork
from reports.paper_tables import ARXIV, COLUMNS, Speed, paper, read_csv, speed_of
from reports.row import Row

SOURCE = f"{ARXIV} Table 5"
RESCALED = "the paper's T0* is T0 rescaled to other widths, which it does not print; here T0 keeps its own"


@dataclass(frozen=True, kw_only=True)
class AblationFacts:
    """A row of Table 5: a FasterNet with something changed. `rescaled`: its widths are others too, and not printed."""

    name: str
    changes: NetworkChanges
    speed: Speed
    rescaled: bool

    @property
    def network(self) -> PrintedNetwork:
        """The published network, as Table 3 has it."""
        return paper().by_name[self.name]

    def matches(self, unit: Unit) -> bool:
        """Whether the unit is this network as the paper timed it: its input size, batch norms folded."""
        workload, model = unit.workload, unit.workload.model
        if model is None or (workload.name, workload.input_shape) != (self.name, self.network.input_shape):
            return False
        return model.fused and not model.form and model.changes == self.changes


@cache
def table5() -> tuple[AblationFacts, ...]:
    """The five changed networks whose speed is printed; the others of that table are rows of Table 3."""
    return tuple(
        AblationFacts(
            name=row["name"],
            changes=NetworkChanges(ratio=row["ratio"], norm=row["norm"], activation=row["activation"]),
            speed=speed_of(row),
            rescaled=row["rescaled"] == "yes",
        )
        for row in read_csv("table5_ablation.csv")
    )


def ablation_entries(run: Run, rows: Sequence[Row]) -> tuple[Entry, ...]:
    """For each device and runtime: the rows of Table 5 that were measured there."""
    entries = []
    for place, group in by_place(run, rows, _listed).items():
        for facts in table5():
            if (row := next((row for row in group if facts.matches(row.unit)), None)) is not None:
                base = next((row for row in group if _is_base(facts, row.unit)), None)
                entries += [_speed(place, facts, row), _ratio(place, facts, row, base)]
    return tuple(entries)


def _listed(unit: Unit) -> bool:
    return paper().published(unit) is not None or any(facts.matches(unit) for facts in table5())


def _is_base(facts: AblationFacts, unit: Unit) -> bool:
    return paper().published(unit) is facts.network and unit.workload.model is not None and not unit.workload.model.form


def _speed(place: Place, facts: AblationFacts, row: Row) -> Entry:
    entry = speed_entry(
        place,
        COLUMNS[place.column],
        row,
        facts.speed.printed(place.column),
        section="ablation",
        name=facts.name,
        shape=facts.network.input_shape,
        source=SOURCE,
    )
    return replace(entry, reason=entry.reason or RESCALED * facts.rescaled)


def _ratio(place: Place, facts: AblationFacts, row: Row, base: Row | None) -> Entry:
    printed = facts.speed.images_per_s(place.column)
    of_base = paper().images_per_s(facts.name, COLUMNS[place.column])
    entry = Entry(
        section="ablation_ratio",
        **place._asdict(),
        name=facts.name,
        variant=row.unit.workload.variant,
        input_shape=size_text(facts.network.input_shape),
        against=facts.name,
        quantity="speed_ratio",
        paper=printed / of_base if printed and of_base else None,
        verdict=NOT_MEASURED,
        source=SOURCE,
    )
    made = by_round(entry, [row, base], images_per_s, lambda speeds: speeds[0] / speeds[1])
    return replace(made, reason=made.reason or RESCALED * facts.rescaled)
