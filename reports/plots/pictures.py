"""All pictures of a run."""

from collections.abc import Iterator

from matplotlib.figure import Figure

from reports.layers.pictures import layer_pictures
from reports.plots.comparison_picture import comparison_pictures
from reports.plots.memory_picture import memory_pictures
from reports.plots.network_pictures import network_pictures
from reports.plots.operator_pictures import operator_pictures
from reports.plots.settings_pictures import settings_pictures
from reports.plots.study_pictures import study_pictures
from reports.plots.style import style
from reports.plots.sustained_pictures import sustained_pictures
from reports.results import Results


def pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """Each by its name, drawn when its turn comes; draw and save them inside `style()`."""
    if results.run.plan.command == "accuracy":
        return  # one network is no picture: `--accuracy` takes it into that of others
    if results.run.plan.command == "layers":
        yield from layer_pictures(results)
        return
    yield from operator_pictures(results)
    yield from settings_pictures(results)
    yield from memory_pictures(results)
    yield from network_pictures(results)
    yield from sustained_pictures(results)
    yield from comparison_pictures(results)
    yield from study_pictures(results)


def figures(results: Results) -> dict[str, Figure]:
    """All of them, ready to be shown or saved anywhere."""
    with style():
        made = dict(pictures(results))
        for figure in made.values():
            figure.draw_without_rendering()  # ticks are made by the first drawing, in the style of that moment
    return made
