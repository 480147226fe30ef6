"""The paper's ratio claims: which network is how many times faster than which, per device column.

Every ratio is recomputed from the printed speeds of Table 3.
"""

from dataclasses import dataclass
from itertools import product

from reports.paper_tables import COLUMN_NAMES, ColumnName, table3

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

    def __post_init__(self) -> None:
        if self.printed_ratio <= 0:
            raise ValueError(f"expected a positive ratio, got {self.printed_ratio}")


def claims() -> tuple[Claim, ...]:
    """Each FasterNet against the other networks of its group, headlines first, by column."""
    made = []
    for column, first, second in product(COLUMN_NAMES, table3(), table3()):
        held = first.name.startswith("fasternet_") and second.group == first.group and second is not first
        fast, slow = first.speed.images_per_s(column), second.speed.images_per_s(column)
        # One side has no speed where it was out of memory on the paper's board.
        if held and fast is not None and slow is not None:
            headline = (first.name, second.name) in _HEADLINES
            ratio = fast / slow
            made.append(
                Claim(first=first.name, second=second.name, column=column, printed_ratio=ratio, headline=headline)
            )
    # A stable sort: the order of the table stays within the headlines and within the rest.
    return tuple(sorted(made, key=lambda claim: not claim.headline))
