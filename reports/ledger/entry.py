"""One line of the ledger: a printed value of a paper beside ours."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bench.records.run import Run
from bench.records.workload import Unit, size_text
from bench.statistics import Interval
from reports.ledger.printed_column import PrintedColumn, SpeedQuantity
from reports.paper_tables import ARXIV, COLUMNS
from reports.row import Row, labelled

Section = Literal[
    "operator",  # Table 1: time of ten layers
    "operator_ratio",  # speed over DWConv's at the same size
    "operator_average",  # mean of the four achieved speeds, and its ratio to DWConv's
    "network",  # speed
    "network_count",  # params and MACs
    "network_top1",  # accuracy, which is the paper's alone
    "network_top1_again",  # the same as timm evaluated it
    "network_order",  # Kendall's tau-b of a column
    "ablation",  # Table 5: speed of a changed FasterNet
    "ablation_ratio",  # its speed over that of the published one
    "detection",  # Table 4: latency of a backbone with its pyramid
    "detection_ratio",  # its speed over ResNet50's
    "detection_count",  # Table 4: params and MACs
    "claim",  # ratio of two networks
    "accuracy_claim",  # how many points more accurate, by its own table
    "approximation",  # Table 2: test MSE of a pair
    "approximation_count",  # section 3: its multiply-adds
    "salience",  # filters that are strongest in the centre
    "redundancy",  # Fig. 3: channels with a near twin
]
Quantity = (
    SpeedQuantity
    | Literal["macs_per_s", "speed_ratio", "macs", "params", "top1_percent", "top1_points", "tau_b", "mse", "share"]
)
Basis = Literal["", "round medians", "pairs of live workers", "count", "trainings", "filters", "channels"]

_BASES: dict[Section, Basis] = {
    "claim": "pairs of live workers",
    "network_count": "count",
    "detection_count": "count",
    "approximation": "trainings",
    "approximation_count": "count",
    "salience": "filters",
    "redundancy": "channels",
}
NOT_MEASURED = "not measured"
NOT_PLANNED = "not planned in this run"


class Place(NamedTuple):
    """A column of the paper, and where the numbers beside it were taken."""

    column: str
    device: str
    runtime: str
    allocator: str


def outside_text(entries: Sequence["Entry"]) -> str:
    """Which printed values are not the paper's own, in a sentence; empty where all are."""
    sources: dict[str, list[str]] = {}
    for entry in entries:
        if not entry.source.startswith(ARXIV):
            sources.setdefault(entry.source, []).append(entry.name)
    return " ".join(f"{', '.join(dict.fromkeys(names))}: {source}." for source, names in sources.items())


@dataclass(frozen=True, kw_only=True)
class Entry:
    """SI units. `ratio` is ours over the paper's value; `ours` is None where nothing was measured."""

    section: Section
    column: str | None  # the name of a printed one; None for counts, which no device decides
    device: str = ""
    runtime: str = ""
    name: str
    variant: str = ""
    input_shape: str = ""
    against: str = ""  # the other side of a ratio
    quantity: Quantity
    paper: float | None = None
    ours: Interval | None = None
    replicates: int = 0  # rounds, pairs, trainings, filters or channels behind `ours`
    rank_paper: int | None = None  # 1 is the fastest of the `ranked` networks measured here
    rank_ours: int | None = None
    ranked: int | None = None
    verdict: str = ""
    reason: str = ""
    headline: bool = False
    source: str
    allocator: str = ""

    @property
    def place(self) -> Place | None:
        """Where it was taken; None for what no device decides and where none was there."""
        if self.column is None or not self.device:
            return None
        return Place(self.column, self.device, self.runtime, self.allocator)

    @property
    def label(self) -> str:
        """What is compared, and how ours is made."""
        return labelled(self.name, self.variant)

    @property
    def basis(self) -> Basis:
        """What `ours` is made from; empty where there is none."""
        if self.ours is None:
            return ""
        return _BASES.get(self.section, "round medians")

    @property
    def planned(self) -> bool:
        """Whether the pairs of a claim were planned, whatever became of them."""
        return bool(self.device) and self.reason != NOT_PLANNED

    @property
    def ratio(self) -> Interval | None:
        """Ours over the paper's; its bounds are those of ours (the paper reports no spread)."""
        if self.ours is None or not self.paper or self.quantity == "tau_b":
            return None
        return self.ours.over(self.paper)


def by_place(
    run: Run,
    rows: Sequence[Row],
    listed: Callable[[Unit], object],
    columns: Iterable[PrintedColumn] = COLUMNS.values(),
) -> dict[Place, list[Row]]:
    """The rows that may stand beside each column and are listed in its table."""
    groups: dict[Place, list[Row]] = {}
    for row in filter(lambda each: listed(each.unit), rows):
        unit, environment = row.unit, run.device(row.unit.device).environment
        for column in (each for each in columns if each.matches(unit, environment)):
            groups.setdefault(Place(column.name, unit.device, unit.runtime, unit.allocator), []).append(row)
    return groups


def speed_entry(
    place: Place,
    column: PrintedColumn,
    row: Row | None,
    paper: float | None,
    *,
    section: Section,
    name: str,
    shape: tuple[int, int, int],
    source: str,
) -> Entry:
    """A printed speed beside the row that stands for it, in the quantity of the column."""
    return Entry(
        section=section,
        **place._asdict(),
        name=name,
        variant=row.unit.workload.variant if row else "",
        input_shape=size_text(shape),
        quantity=column.quantity,
        paper=paper,
        ours=None if row is None else row.images_per_s if column.quantity == "images_per_s" else row.latency,
        replicates=row.rounds if row else 0,
        verdict=(row.verdict or row.status) if row else NOT_MEASURED,
        reason=row.reason if row else "not in this run",
        source=source,
    )
