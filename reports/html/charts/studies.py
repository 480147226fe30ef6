"""What the studies of representations and `bench accuracy` found, a line for each pair, layer or part."""

from collections.abc import Iterator

from bench.records.study import Redundancy, Salience
from bench.statistics import Interval
from reports.accuracy.outcome import Part, outcome_of
from reports.accuracy.page import bounds_text
from reports.html.charts.chart import Chart
from reports.html.charts.lists import Item, listed, on_a_line, on_decades
from reports.html.shown import Shown
from reports.numbers import bounds, significant
from reports.studies.alike import alike_layers, twin_share
from reports.studies.approximations import Approximated, approximated
from reports.studies.positions import layers_of, positions

_PERCENT = 0.01


def study_charts(shown: Shown) -> Iterator[Chart]:
    """One, where there is anything to draw."""
    run = shown.results.run
    if errors := [item for row in approximated(run) if (item := _error(row))]:
        caption = "Discs: the mean over the trainings, with the 95% interval. 0 is perfect, 1 what a constant would do."
        yield listed("How well each pair approximates", caption, errors, "MSE/variance", on_decades(errors))
    if shares := [item for layer in layers_of(run) if (item := _in_the_centre(layer))]:
        caption = "Discs: with Wilson's 95% interval. Diamonds: chance."
        axis = "% of the filters that are strongest in the centre"
        yield listed("Where filters are strongest", caption, shares, axis, on_a_line(shares))
    if alike := sorted(map(_twins, alike_layers(run)), key=lambda item: -item.value.centre):
        axis = "% of the channels that have a near twin"
        caption = "The layers with the most first."
        yield listed("How alike channels are", caption, alike, axis, on_a_line(alike), bars=True)
    outcome = outcome_of(run)
    if parts := list(map(_part, outcome.parts if outcome else ())):
        yield listed("Accuracy", "Discs: with Wilson's 95% interval.", parts, "% of the images", on_a_line(parts))


def _error(row: Approximated) -> Item | None:
    found = row.normalised
    if found is None or found.centre <= 0:
        return None
    where = row.place if row.first is None else f"stage {row.place}"
    name = f"{where}: {row.operator}"
    return Item(name=name, text=f"{name}: {bounds(found)} of the target's variance", value=found)


def _in_the_centre(layer: Salience) -> Item | None:
    found, chance = positions([layer])[0].centre_share, 1 / len(layer.counts)
    if found is None:
        return None
    said = f"{bounds(found, unit=_PERCENT)}% of {sum(layer.counts)} filters, chance {significant(chance, _PERCENT)}%"
    text = f"{layer.layer}: {said}"
    return Item(name=layer.layer, text=text, value=found.over(_PERCENT), printed=chance / _PERCENT)


def _twins(layer: Redundancy) -> Item:
    share = (twin_share(layer) or 0.0) / _PERCENT
    text = f"{layer.layer}: {layer.twins} of {layer.channels} channels, mean |r| {significant(layer.similarity)}"
    return Item(name=layer.layer, text=text, value=Interval(centre=share, low=None, high=None))


def _part(part: Part) -> Item:
    said = f"{100 * part.share.centre:.2f}% {bounds_text(part.share)}, {part.count} of {part.total} images"
    return Item(name=part.title, text=f"{part.title}: {said}", value=part.share.over(_PERCENT))
