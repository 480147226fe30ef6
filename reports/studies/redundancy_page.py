"""`bench redundancy` as a page and as columns."""

from collections.abc import Callable, Sequence

from bench.records.run import Run
from bench.records.study import TWIN, Redundancy
from reports.numbers import significant
from reports.results import Results
from reports.studies.alike import alike_layers, rank_share, twin_share
from reports.studies.page import StudyPage, about, broken_off, question
from reports.tables.csv_table import Value, csv_text, same
from reports.tables.text_table import TextTable

_NOTES = (
    "r is Pearson's correlation of two channels over all pixels of all images, of what comes out of the layer "
    "itself, before any norm or activation; channels that do not vary are counted apart",
    f"twins: channels with another one of |r| >= {TWIN}; mean |r|: over all pairs of channels",
    "rank: exp of the entropy of the singular values of the standardised map (Roy & Vetterli 2007), as many as "
    "there are channels where none repeats another; a map of fewer pixels than ten times its channels is marked *: "
    "it cannot show all of its rank",
)
_HEADINGS = ("layer", "map", "constant", "mean |r|", "twins", "twins %", "rank", "rank %")
_NUMERIC = _HEADINGS[2:]
FEW = 10  # pixels for each channel, below which r is as much chance as likeness

COLUMNS: dict[str, Callable[[Redundancy], Value]] = {
    **same("layer", "kind", "channels", "height", "width", "pixels", "constant"),
    "mean_similarity": lambda layer: layer.similarity,
    **same("twins"),
    "twin_share": twin_share,
    **same("effective_rank"),
    "rank_share": rank_share,
}


def csv_redundancy(results: Results) -> str:
    """A line per layer."""
    return csv_text(COLUMNS, alike_layers(results.run))


def redundancy_page(run: Run) -> StudyPage:
    """Layer by layer, and what they come to."""
    layers = alike_layers(run)
    return StudyPage(
        title=f"How alike the channels of {question(run).model} are",
        about=about(run),
        tables=(
            TextTable(
                headings=_HEADINGS, numeric=_NUMERIC, folded=_HEADINGS[:2], rows=[_cells(each) for each in layers]
            ),
        ),
        findings=(*broken_off(run), *_finding(layers)),
        notes=_NOTES,
    )


def _cells(layer: Redundancy) -> list[str]:
    mark = "*" * (layer.pixels < FEW * layer.channels)
    return [
        layer.layer,
        f"{layer.channels}x{layer.height}x{layer.width}",
        str(layer.constant or ""),
        significant(layer.similarity),
        str(layer.twins),
        _percent(twin_share(layer)),
        f"{significant(layer.effective_rank)}{mark}",
        _percent(rank_share(layer)),
    ]


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.1f}"


def _finding(layers: Sequence[Redundancy]) -> list[str]:
    varying = sum(each.channels - each.constant for each in layers)
    if not varying:
        return []
    twins = sum(each.twins for each in layers)
    most = max(layers, key=lambda each: twin_share(each) or 0.0)
    told = f"{twins} of {varying} channels ({100 * twins / varying:.1f}%) have a near twin in their own map"
    share = _percent(twin_share(most))
    return [f"{told}; most of them in {most.layer} ({share}%)" if twins else told]
