"""Table 4 beside our backbones with their pyramids: latency, its ratio to ResNet50's, params and MACs.

The paper times and counts the whole of Mask R-CNN. Here the heads, which are the same for all backbones, are counted by
formula and not timed: so a ratio here is further from 1 than the printed one, for what is shared is left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

from bench.records.measurement import Cost
from bench.records.run import Run
from bench.records.workload import NetworkChanges, Unit, size_text
from bench.statistics import Interval
from reports.ledger.by_round import by_round, images_per_s
from reports.ledger.entry import NOT_MEASURED, Entry, Place, Quantity, by_place, speed_entry
from reports.ledger.mask_rcnn import box_head_macs, head_params, mask_convs_macs, rpn_macs
from reports.ledger.network_entries import count_verdict
from reports.paper_tables import ARXIV, read_csv
from reports.paper_tables import COLUMNS as PAPER_COLUMNS
from reports.row import Row

SOURCE = f"{ARXIV} Table 4"
SHAPE = (3, 800, 1280)
BASELINE = "resnet50_fpn"
# One image at a time on a GPU too, which the columns of Tables 1 and 3 keep busy with 32.
COLUMNS = {**PAPER_COLUMNS, "gpu": replace(PAPER_COLUMNS["gpu"], quantity="latency_s")}
NO_ATTENTION = "without the products of attention, which mmdetection's counter does not see"
ACTIVATIONS = "mmdetection's counter also adds one for each element of a ReLU, of a pooling's input and of a bias"
FROZEN = "mmdetection counts trained parameters alone, and a ResNet's stem and first stage are frozen"


@dataclass(frozen=True, kw_only=True)
class DetectionFacts:
    """A row of Table 4: Mask R-CNN with that backbone. The counts keep their printed digits."""

    name: str
    backbone: str
    params_m: str
    macs_g: str
    gpu_latency_s: float

    def matches(self, unit: Unit) -> bool:
        """Whether the unit is this backbone at the size that the counts are printed for, batch norms folded."""
        workload, model = unit.workload, unit.workload.model
        if model is None or (workload.name, workload.input_shape) != (self.name, SHAPE):
            return False
        return model.fused and not model.form and model.changes == NetworkChanges()


@cache
def table4() -> tuple[DetectionFacts, ...]:
    """The twelve backbones in the paper's order."""
    return tuple(
        DetectionFacts(
            name=row["name"],
            backbone=row["backbone"],
            params_m=row["params_m"],
            macs_g=row["macs_g"],
            gpu_latency_s=float(row["gpu_latency_ms"]) / 1e3,
        )
        for row in read_csv("table4_coco.csv")
    )


def detection_entries(run: Run, rows: Sequence[Row]) -> tuple[Entry, ...]:
    """For each device and runtime: the backbones that were measured there; then the counts of all that were built."""
    places = by_place(run, rows, _listed, COLUMNS.values())
    entries = [entry for place, own in places.items() for entry in _speeds(place, own)]
    counts = (filter(None, (_counts(facts, row.cost) for row in rows if facts.matches(row.unit))) for facts in table4())
    return (*entries, *(entry for found in counts for entry in next(found, [])))


def _listed(unit: Unit) -> bool:
    return any(facts.matches(unit) for facts in table4())


def _speeds(place: Place, rows: Sequence[Row]) -> list[Entry]:
    found = {row.unit.workload.name: row for row in rows}
    base = found.get(BASELINE)
    entries = []
    for facts in table4():
        if (row := found.get(facts.name)) is not None:
            entries.append(_latency(place, facts, row))
            entries += [_ratio(place, facts, row, base)] if facts.name != BASELINE else []
    return entries


def _latency(place: Place, facts: DetectionFacts, row: Row) -> Entry:
    """The printed time is the whole detector's on a GPU: beside another device's it is left out."""
    return speed_entry(
        place,
        COLUMNS[place.column],
        row,
        facts.gpu_latency_s if place.column == "gpu" else None,
        section="detection",
        name=facts.name,
        shape=SHAPE,
        source=SOURCE,
    )


def _ratio(place: Place, facts: DetectionFacts, row: Row, base: Row | None) -> Entry:
    printed = next(each.gpu_latency_s for each in table4() if each.name == BASELINE) / facts.gpu_latency_s
    entry = Entry(
        section="detection_ratio",
        **place._asdict(),
        name=facts.name,
        input_shape=size_text(SHAPE),
        against=BASELINE,
        quantity="speed_ratio",
        paper=printed,
        verdict=NOT_MEASURED,
        source=f"{SOURCE}, the whole of Mask R-CNN on a GPU",
    )
    return by_round(entry, [row, base], images_per_s, lambda speeds: speeds[0] / speeds[1])


def _counts(facts: DetectionFacts, cost: Cost | None) -> list[Entry]:
    """Backbone and pyramid as counted, before batch norms are folded, and the heads by formula."""
    if cost is None or not cost.macs_unfused or not cost.params_unfused:
        return []
    attention = sum(part.macs for part in cost.kinds if part.kind == "attention")
    heads = rpn_macs(*SHAPE[1:]) + box_head_macs() + mask_convs_macs()
    params = _count(facts, "params", cost.params_unfused + head_params(), facts.params_m, 10**6)
    macs = _count(facts, "macs", cost.macs_unfused - attention + heads, facts.macs_g, 10**9)
    frozen = facts.backbone.startswith("Res")
    beside = NO_ATTENTION if attention else ACTIVATIONS if macs.verdict == "differs" else ""
    return [replace(params, reason=FROZEN * frozen), replace(macs, reason=beside)]


def _count(facts: DetectionFacts, quantity: Quantity, count: int, printed: str, unit: int) -> Entry:
    return Entry(
        section="detection_count",
        column=None,
        name=facts.name,
        input_shape=size_text(SHAPE),
        quantity=quantity,
        paper=float(printed) * unit,
        ours=Interval(centre=count),
        verdict=count_verdict(count, printed, unit),
        source=SOURCE,
    )
