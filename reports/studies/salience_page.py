"""`bench salience` as a page and as columns."""

from collections.abc import Callable

from bench.records.run import Run
from bench.records.study import Salience
from bench.statistics import Interval
from reports.numbers import bounds, centre, high, low, significant
from reports.results import Results
from reports.studies.page import StudyPage, about, broken_off, question
from reports.studies.positions import Positions, layers_of, positions
from reports.tables.csv_table import Value, csv_text, same
from reports.tables.text_table import TextTable

_NOTES = (
    "The salient position of a filter is the one where its norm over the input channels is largest; a filter that "
    "is zero throughout has none",
    "centre: part of the filters that are strongest there, with Wilson's 95% interval; chance: what filters "
    "without any preference would have; energy: part of a filter's squared norm that lies in the centre, the mean",
    "The paper looked at a ResNet18 trained on ImageNet; random weights show what chance does",
)
_HEADINGS = ("layer", "kernel", "filters", "centre %", "chance %", "energy %")
_NUMERIC = ("filters", "layers", "centre %", "chance %", "energy %")


def _one(layer: Salience) -> Positions:
    return positions([layer])[0]


def _share(value: Callable[[Interval | None], float | None]) -> Callable[[Salience], Value]:
    return lambda layer: value(_one(layer).centre_share)


COLUMNS: dict[str, Callable[[Salience], Value]] = {
    **same("layer"),
    "kernel": lambda layer: f"{layer.height}x{layer.width}",
    "filters": lambda layer: sum(layer.counts),
    "zero_filters": lambda layer: layer.zero,
    "centre_share": _share(centre),
    "centre_share_low": _share(low),
    "centre_share_high": _share(high),
    "chance": lambda layer: 1 / len(layer.counts),
    "centre_energy": lambda layer: None if (it := _one(layer)).centre is None else it.shares[it.centre],
    "counts": lambda layer: " ".join(map(str, layer.counts)),
}


def csv_salience(results: Results) -> str:
    """A line per layer; `counts` holds the positions row by row."""
    return csv_text(COLUMNS, layers_of(results.run))


def salience_page(run: Run) -> StudyPage:
    """All layers together, by the size of their kernels, then each."""
    layers = layers_of(run)
    taken = positions(layers)
    together = [[each.size, str(each.layers), *_cells(each)[1:]] for each in taken]
    each_one = [[layer.layer, *_cells(_one(layer))] for layer in layers]
    return StudyPage(
        title=f"Where the filters of {question(run).model} are strongest",
        about=about(run),
        tables=(
            TextTable(
                title="All layers",
                headings=("kernels", "layers", *_HEADINGS[2:]),
                numeric=_NUMERIC,
                folded=("kernels",),
                rows=together,
            ),
            TextTable(
                title="Layer by layer", headings=_HEADINGS, numeric=_NUMERIC, folded=_HEADINGS[:2], rows=each_one
            ),
        ),
        findings=(*broken_off(run), *(_finding(each) for each in taken)),
        notes=_NOTES,
    )


def _cells(each: Positions) -> list[str]:
    found, middle = each.centre_share, each.centre
    energy = "" if middle is None else significant(100 * each.shares[middle])
    return [each.size, str(each.filters), bounds(found, unit=0.01), significant(100 / len(each.counts)), energy]


def _finding(each: Positions) -> str:
    zero = f"; {each.zero} more are zero throughout" * bool(each.zero)
    return f"{each.filters} filters of {each.size}: {each.answer} ({bounds(each.centre_share, unit=0.01)}%){zero}"
