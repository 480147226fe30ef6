"""Which settings get pictures: a run over many axes has more of them than anyone looks at."""

from collections import Counter
from collections.abc import Sequence

from bench.records.run import Run
from bench.records.workload import Kind
from reports.plots.panel import Panel, panels
from reports.rows import Row

MOST_PANELS = 8  # settings that are drawn per kind of workload


def pictured(run: Run, rows: Sequence[Row], kind: Kind) -> tuple[Panel, ...]:
    """The panels that get pictures of their own, in the order of the plan."""
    return _drawn(candidates(run, rows, kind), kind)


def crowded(every: Sequence[Panel], kind: Kind) -> bool:
    """Whether there are too many for pictures of their own; operators then share one, a line per panel."""
    return kind == "op" and len(every) > MOST_PANELS


def picture_notes(run: Run, rows: Sequence[Row]) -> tuple[str, ...]:
    """What was not drawn, and how to see it (not escaped)."""
    notes = []
    for kind in ("op", "model"):
        every = candidates(run, rows, kind)
        drawn = _drawn(every, kind)
        if len(drawn) < len(every):
            if crowded(every, kind):
                told = f"settings-*.png shows all {len(every)} combinations of settings"
                told += f", {len(drawn)} of them are drawn alone as well" if drawn else ""
            else:
                told = f"{len(drawn)} of {len(every)} combinations of settings are drawn"
            notes.append(f"Pictures: {told}. A run with fewer settings (one --dtype, say) draws each of them.")
        if not every and any(row.time and row.unit.workload.kind == kind for row in rows):
            notes.append("No picture: one operator at one size is a number; add to --op or --size to compare.")
    return tuple(notes)


def candidates(run: Run, rows: Sequence[Row], kind: Kind) -> list[Panel]:
    """The panels that are worth a picture."""
    own = panels(run, [row for row in rows if row.unit.workload.kind == kind])
    return [panel for panel in own if kind == "model" or _compares(panel)]


def _compares(panel: Panel) -> bool:
    """Whether it has two operators or sizes to set side by side."""
    return len({(row.unit.workload.name, row.unit.workload.variant, _size(row)) for row in panel.measured}) > 1


def _size(row: Row) -> tuple[int, int, int]:
    return row.unit.workload.input_shape


def _drawn(every: Sequence[Panel], kind: Kind) -> tuple[Panel, ...]:
    """All, or as many as are worth looking at: the first of each device and runtime before the second of any."""
    if crowded(every, kind):
        # A panel of one size has no more to show than its line in the picture that they share.
        every = [panel for panel in every if len({_size(row) for row in panel.measured}) > 1]
    seen: Counter[tuple[str, str]] = Counter()
    turns = []
    for index, panel in enumerate(every):
        place = (panel.device, panel.runtime)
        turns.append((seen[place], index))
        seen[place] += 1
    return tuple(every[index] for index in sorted(index for _, index in sorted(turns)[:MOST_PANELS]))
