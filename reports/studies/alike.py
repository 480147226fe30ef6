"""What `bench redundancy` found: of each layer, how many of its channels another one nearly repeats."""

from bench.records.run import Run
from bench.records.study import Redundancy


def alike_layers(run: Run) -> tuple[Redundancy, ...]:
    """In the order in which the network runs them."""
    return tuple(record.redundancy for record in run.study_records if record.redundancy)


def twin_share(layer: Redundancy) -> float | None:
    """Channels with a near twin, of those that vary; None where none does."""
    varying = layer.channels - layer.constant
    return layer.twins / varying if varying else None


def rank_share(layer: Redundancy) -> float | None:
    """Effective rank over the channels that vary; None where none does."""
    varying = layer.channels - layer.constant
    return layer.effective_rank / varying if varying else None
