"""`bench approximate` as a page and as columns."""

from collections.abc import Callable, Sequence

from bench.records.run import Run
from bench.records.study import Approximation
from bench.statistics import Interval
from reports.numbers import MEGA, centre, high, low, plus_minus, significant
from reports.results import Results
from reports.studies.approximations import Approximated, approximated, is_scarce, verdicts
from reports.studies.page import StudyPage, about, broken_off, question, told
from reports.tables.csv_table import Value, csv_text, same
from reports.tables.text_table import TextTable

_NOTES = (
    "MSE: mean square error on the test images, in the units of the feature maps, with its 95% interval over the "
    "seeds of training and split (the images are the same: other images may differ by more)",
    "MSE/variance: over the variance of the target around each channel's mean, so that networks of another scale "
    "compare: 0 is perfect, 1 is what the means alone would do",
    "MMACs and weights: closed formulas, of one image; % of conv: of the multiply-adds of the regular convolution",
)
_HEADINGS = ("stage", "map", "pair", "MSE", "MSE/variance", "MMACs", "% of conv", "weights")
_NUMERIC = ("MSE", "MSE/variance", "MMACs", "% of conv", "weights")


def _of_first(value: Callable[[Approximation], Value]) -> Callable[[Approximated], Value]:
    return lambda row: None if row.first is None else value(row.first)


COLUMNS: dict[str, Callable[[Approximated], Value]] = {
    "stage": lambda row: row.place,
    "layer": _of_first(lambda it: it.layer),
    "channels": _of_first(lambda it: it.channels),
    "height": _of_first(lambda it: it.height),
    "width": _of_first(lambda it: it.width),
    **same("operator"),
    "mse": lambda row: centre(row.mse),
    "mse_low": lambda row: low(row.mse),
    "mse_high": lambda row: high(row.mse),
    "mse_over_variance": lambda row: centre(row.normalised),
    "mse_over_variance_low": lambda row: low(row.normalised),
    "mse_over_variance_high": lambda row: high(row.normalised),
    "trainings": lambda row: len(row.trainings),
    "macs": _of_first(lambda it: it.macs or None),
    "macs_counted": _of_first(lambda it: it.macs_counted or None),
    "params": _of_first(lambda it: it.params or None),
    "conv_macs": _of_first(lambda it: it.conv_macs or None),
    "conv_params": _of_first(lambda it: it.conv_params or None),
    **same("reason"),
}


def csv_approximate(results: Results) -> str:
    """A line per pair and stage."""
    return csv_text(COLUMNS, approximated(results.run))


def approximate_page(run: Run) -> StudyPage:
    """The pairs stage by stage, and which of them does best."""
    rows = approximated(run)
    table = TextTable(headings=_HEADINGS, numeric=_NUMERIC, folded=_HEADINGS[:2], rows=[_cells(row) for row in rows])
    return StudyPage(
        title=f"How well pairs approximate the 3x3 convolutions of {question(run).model}",
        about=(*about(run), *_trained(run), *_layers(rows)),
        tables=(table,),
        findings=(*broken_off(run), *verdicts(rows), *_left_out(rows), *_unfinished(run), *_scarce(rows, run)),
        notes=_NOTES,
    )


def _trained(run: Run) -> list[str]:
    given, study = told(run), question(run)
    if given is None or given.split is None:
        return []
    parts = "/".join(map(str, given.split))
    trained = f"{study.repeats} trainings each, at most {study.epochs} epochs"
    return [f"{parts} images to train, validate and test; {trained}"]


def _layers(rows: Sequence[Approximated]) -> list[str]:
    """Which convolution stands for each stage."""
    layers = dict.fromkeys((row.place, row.first.layer) for row in rows if row.first)
    return [", ".join(f"stage {place}: {layer}" for place, layer in layers)] if layers else []


def _cells(row: Approximated) -> list[str]:
    first, errors = row.first, [_error(row.mse), _error(row.normalised)]
    if first is None:
        return [row.place, "", row.operator, *errors, "", "", ""]
    size = f"{first.channels}x{first.height}x{first.width}"
    share = f"{100 * first.macs / first.conv_macs:.1f}" if first.conv_macs else ""
    counts = [significant(first.macs, MEGA), share, str(first.params)] if first.macs else ["", "", ""]
    return [row.place, size, row.operator, *errors, *counts]


def _error(found: Interval | None) -> str:
    return " ".join(filter(None, [significant(centre(found)), plus_minus(found)]))


def _left_out(rows: Sequence[Approximated]) -> list[str]:
    return [f"stage {row.place}: {row.operator} left out: {row.reason}" for row in rows if row.reason]


def _unfinished(run: Run) -> list[str]:
    """Trainings whose error was still falling at the last epoch that they were given."""
    fits = [record.approximation.fit for record in run.study_records if record.approximation]
    ended = sum(fit is not None and fit.epochs == question(run).epochs for fit in fits)
    return [f"{ended} of {len(fits)} trainings ended at --epochs: with more their error may fall further"] * bool(ended)


def _scarce(rows: Sequence[Approximated], run: Run) -> list[str]:
    places = dict.fromkeys(row.place for row in rows if is_scarce(row, run))
    if not places:
        return []
    return [
        f"stage {', '.join(places)}: fewer than ten values to train on for each weight, so the errors tell of too "
        "few images as much as of the pairs: give more"
    ]
