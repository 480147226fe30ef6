"""Which settings get pictures: a run over many axes has more of them than anyone looks at."""

from collections.abc import Sequence

from bench.run import Run
from bench.workload import Kind
from reports.panel import Panel, panels
from reports.rows import Row

MOST_PANELS = 8  # settings that are drawn per kind of workload


def pictured(run: Run, rows: Sequence[Row], kind: Kind) -> tuple[Panel, ...]:
    """The panels to draw, in the order of the plan."""
    return _drawn(_candidates(run, rows, kind))


def picture_notes(run: Run, rows: Sequence[Row]) -> tuple[str, ...]:
    """What was not drawn, and how to see it (not escaped)."""
    notes = []
    for kind in ("op", "model"):
        every = _candidates(run, rows, kind)
        if len(every) > MOST_PANELS:
            notes.append(
                f"Pictures: {MOST_PANELS} of {len(every)} combinations of settings are drawn, those of each runtime "
                "in turn. A run with fewer settings (one --dtype, say) draws the others; their numbers are here and "
                "in table.csv."
            )
        if not every and any(row.time and row.unit.workload.kind == kind for row in rows):
            notes.append("No picture: one operator at one size is a number; add to --op or --size to compare.")
    return tuple(notes)


def _candidates(run: Run, rows: Sequence[Row], kind: Kind) -> list[Panel]:
    own = panels(run, [row for row in rows if row.unit.workload.kind == kind])
    return [panel for panel in own if kind == "model" or _compares(panel)]


def _compares(panel: Panel) -> bool:
    """Whether it has two operators or sizes to set side by side."""
    return len({(row.unit.workload.name, row.unit.workload.variant, _size(row)) for row in panel.measured}) > 1


def _size(row: Row) -> tuple[int, int, int]:
    return row.unit.workload.input_shape


def _drawn(every: Sequence[Panel]) -> tuple[Panel, ...]:
    """All, or as many as are worth looking at: the first of each device and runtime before the second of any."""
    seen: dict[tuple[str, str], int] = {}
    turns = []
    for index, panel in enumerate(every):
        place = (panel.device, panel.runtime)
        turns.append((seen.get(place, 0), index))
        seen[place] = seen.get(place, 0) + 1
    return tuple(every[index] for index in sorted(index for _, index in sorted(turns)[:MOST_PANELS]))
