"""Table 2 of the paper (arXiv 2303.03667v3): test MSE of the pairs that stand in for a regular 3x3 convolution."""

import csv
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from reports.paper_tables import ARXIV

SOURCE = f"{ARXIV} Table 2"
NETWORK = "resnet50"  # with weights trained on ImageNet, on ImageNet's validation images
AVERAGE = "average"
_FILE = "table2_approximation.csv"


@cache
def table2() -> Mapping[tuple[str, str], float]:
    """By stage ("1" to "4", or "average") and our name of the pair."""
    text = files("reports").joinpath("paper", _FILE).read_text(encoding="utf-8")
    return {
        (row["stage"], name.replace("_", "+")): float(value)
        for row in csv.DictReader(text.splitlines())
        for name, value in row.items()
        if name != "stage"
    }


def formula_macs(operator: str, channels: int, height: int, width: int) -> int | None:
    """The paper's FLOPs of a pair on one image, by section 3's formulas for 3x3, 16 groups and a ratio of 1/4.

    None of what it gives no formula for.
    """
    spatial = {"dwconv": 9 * channels, "gconv": 9 * channels**2 // 16, "pconv": 9 * (channels // 4) ** 2}
    first, _, second = operator.partition("+")
    if second != "pwconv" or first not in spatial:
        return None
    return height * width * (spatial[first] + channels**2)
