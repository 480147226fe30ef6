"""Table 2 of the paper (arXiv 2303.03667v3): test MSE of the pairs that stand in for a regular 3x3 convolution."""

from collections.abc import Mapping
from functools import cache

from reports.paper_tables import ARXIV, read_csv

SOURCE = f"{ARXIV} Table 2"
NETWORK = "resnet50"  # with weights trained on ImageNet, on ImageNet's validation images


@cache
def table2() -> Mapping[tuple[str, str], float]:
    """By stage ("1" to "4", or "average") and our name of the pair."""
    return {
        (row["stage"], name.replace("_", "+")): float(value)
        for row in read_csv("table2_approximation.csv")
        for name, value in row.items()
        if name != "stage"
    }
