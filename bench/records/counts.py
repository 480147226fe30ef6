"""What of a workload is counted, not timed: two revisions of it can be held against each other exactly."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Counts:
    """None where it was not counted.

    macs, params: of the graph that is timed, per image.
    graph_nodes: operations of its exported graph, constants left out.
    peak_bytes: the most bytes of activations that are live at once in that graph, its nodes run in the file's order.
    """

    macs: int | None = None
    params: int | None = None
    graph_nodes: int | None = None
    peak_bytes: int | None = None

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if value is not None and value < 0:
                raise ValueError(f"expected {name} >= 0, got {value}")
