"""The picture of a study of a network's representations."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from reports.plots.approximation_picture import approximation_picture
from reports.plots.redundancy_picture import redundancy_picture
from reports.plots.salience_picture import salience_picture
from reports.results import Results
from reports.studies.alike import alike_layers
from reports.studies.approximations import approximated
from reports.studies.positions import layers_of


def study_pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """One, where the run is of a study and found anything to draw."""
    run = results.run
    if rows := [row for row in approximated(run) if row.trainings]:
        yield "approximate", approximation_picture(run, rows)
    if layers := [each for each in layers_of(run) if sum(each.counts)]:
        yield "salience", salience_picture(run, layers)
    maps = alike_layers(run)
    for shown in maps:
        if shown.drawn is not None:
            yield "redundancy", redundancy_picture(run, maps, shown, shown.drawn)
