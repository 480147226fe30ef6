"""One line of the ledger: a printed value of the paper beside ours."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from bench.statistics import Interval
from reports.paper_tables import ARXIV, ColumnName

Section = Literal[
    "operator",  # Table 1: time of ten layers
    "operator_ratio",  # speed over DWConv's at the same size
    "operator_average",  # mean of the four achieved speeds, and its ratio to DWConv's
    "network",  # Table 3: speed
    "network_count",  # Table 3: params and MACs
    "network_order",  # Kendall's tau-b of a column
    "claim",  # ratio of two networks
]
Quantity = Literal["latency_s", "images_per_s", "macs_per_s", "speed_ratio", "macs", "params", "tau_b"]
Basis = Literal["", "round medians", "pairs of live workers", "count"]

NOT_MEASURED = "not measured"


def outside_text(entries: "Sequence[Entry]") -> str:
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
    column: ColumnName | None  # None for counts, which no device decides
    device: str = ""
    runtime: str = ""
    name: str
    variant: str = ""
    input_shape: str = ""
    against: str = ""  # the other side of a ratio
    quantity: Quantity
    paper: float | None = None
    ours: Interval | None = None
    basis: Basis = ""
    replicates: int = 0  # rounds or pairs behind `ours`
    rank_paper: int | None = None  # 1 is the fastest of the `ranked` networks measured here
    rank_ours: int | None = None
    ranked: int | None = None
    verdict: str = ""
    reason: str = ""
    headline: bool = False
    source: str

    @property
    def ratio(self) -> Interval | None:
        """Ours over the paper's; its bounds are those of ours (the paper reports no spread)."""
        if self.ours is None or not self.paper or self.quantity == "tau_b":
            return None
        if self.ours.low is None or self.ours.high is None:
            return Interval(centre=self.ours.centre / self.paper)
        return Interval(
            centre=self.ours.centre / self.paper,
            low=self.ours.low / self.paper,
            high=self.ours.high / self.paper,
        )
