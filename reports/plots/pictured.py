"""Which settings get pictures: a run over many axes has more of them than anyone looks at."""

from collections import Counter
from collections.abc import Sequence

from bench.records.workload import Kind
from reports.plots.panel import Panel
from reports.results import Results

MOST_PANELS = 8  # settings that are drawn per kind of workload


def pictured(results: Results, kind: Kind) -> tuple[Panel, ...]:
    """The panels that get pictures of their own, in the order of the plan.

    All, or as many as are worth looking at: the first of each device and runtime before the second of any.
    """
    every = results.panels[kind]
    if crowded(every, kind):
        # A panel of one size has no more to show than its line in the picture that they share.
        every = tuple(panel for panel in every if len({row.size for row in panel.measured}) > 1)
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for index, panel in enumerate(every):
        place = (panel.device, panel.runtime)
        turns.append((seen[place], index))
        seen[place] += 1
    return tuple(every[index] for index in sorted(index for _, index in sorted(turns)[:MOST_PANELS]))


def crowded(every: Sequence[Panel], kind: Kind) -> bool:
    """Whether there are too many for pictures of their own; operators then share one, a line per panel."""
    return kind == "op" and len(every) > MOST_PANELS


def picture_notes(results: Results) -> tuple[str, ...]:
    """What was not drawn, and how to see it (not escaped)."""
    notes = []
    for kind, every in results.panels.items():
        drawn = pictured(results, kind)
        if len(drawn) < len(every):
            if crowded(every, kind):
                told = f"settings-*.png shows all {len(every)} combinations of settings"
                told += f", {len(drawn)} of them are drawn alone as well" if drawn else ""
            else:
                told = f"{len(drawn)} of {len(every)} combinations of settings are drawn"
            notes.append(f"Pictures: {told}. A run with fewer settings (one --dtype, say) draws each of them.")
        if not every and any(row.time and row.unit.workload.kind == kind for row in results.rows):
            notes.append("No picture: one operator at one size is a number; add to --op or --size to compare.")
    return tuple(notes)
