"""The paper's ratio claims: which network is how many times faster than which, per device column.

Every ratio is recomputed from the printed speeds of Table 3.
"""

from dataclasses import dataclass

from reports.paper_tables import ARXIV, COLUMN_NAMES, ColumnName, NetworkFacts, table3

# Named in the abstract and the introduction.
_HEADLINES = {
    ("fasternet_t0", "mobilevit_xxs"),
    ("fasternet_l", "swin_b"),
    ("fasternet_l", "convnext_b"),
}


@dataclass(frozen=True, kw_only=True)
class Claim:
    """`first` runs at `printed_ratio` times the speed of `second`, says the column of that device class."""

    first: str
    second: str
    column: ColumnName
    printed_ratio: float
    headline: bool
    source: str = f"{ARXIV} Table 3"

    def __post_init__(self) -> None:
        if self.printed_ratio <= 0:
            raise ValueError(f"expected a positive ratio, got {self.printed_ratio}")


def claims() -> tuple[Claim, ...]:
    """Each FasterNet against the other networks of its group, headlines first, by column."""
    made = [
        claim
        for column in COLUMN_NAMES
        for first in table3()
        if first.name.startswith("fasternet_")
        for second in table3()
        if second.group == first.group and second is not first
        for claim in _claim(first, second, column)
    ]
    # A stable sort: the order of the table stays within the headlines and within the rest.
    return tuple(sorted(made, key=lambda claim: not claim.headline))


def _claim(first: NetworkFacts, second: NetworkFacts, column: ColumnName) -> list[Claim]:
    """None where one side has no printed speed (out of memory on the paper's board)."""
    fast, slow = first.speed.images_per_s(column), second.speed.images_per_s(column)
    if fast is None or slow is None:
        return []
    headline = (first.name, second.name) in _HEADLINES
    return [
        Claim(
            first=first.name,
            second=second.name,
            column=column,
            printed_ratio=fast / slow,
            headline=headline,
        )
    ]
