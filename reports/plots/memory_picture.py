"""Achieved speed over the bytes that an operator moves for each multiply-add: is what moves more slower?"""

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from reports.environment_text import device_title
from reports.memory.cells import Cell
from reports.memory.claim import SLOW, MemoryClaim
from reports.memory.words import QUESTION, answer
from reports.numbers import GIGA
from reports.plots.annotate import MOST_NAMED, Note, annotate
from reports.plots.operator_pictures import operator_looks
from reports.plots.panel import unique_slugs
from reports.plots.speed_lines import MOST_APART
from reports.plots.style import FAINT, QUIET, Look, arrange, error_bars, figure, headline, log_axis, plain
from reports.results import Results

MOST_PICTURES = 4
_FILLS = ("full", "none", "left", "bottom", "right", "top")


def memory_pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """One for each place where the claim was tested, the first few."""
    tested = [claim for claim in results.memory if claim.evidence is not None][:MOST_PICTURES]
    for claim, slug in zip(tested, unique_slugs(claim.place.text for claim in tested), strict=True):
        yield f"memory-{slug}", memory_picture(claim, device_title(results.run, claim.place.device))


def memory_picture(claim: MemoryClaim, machine: str) -> Figure:
    """A mark per cell: its colour is its operator, its filling the allocator."""
    fig = figure(7.2, 5.2)
    axes = fig.add_subplot()
    cells = claim.cells.every
    fills = dict(zip(dict.fromkeys(cell.row.unit.allocator for cell in cells), _FILLS, strict=False))
    verdict = answer(claim)[0].rstrip(".")
    lines = headline(fig, f"{QUESTION} The claim {verdict}", [machine, claim.place.text], [_caption(fills)])
    arrange(fig, captions=lines)
    _frame(axes, cells)
    looks = operator_looks(cell.row for cell in cells)
    groups: dict[tuple[str, str, int], list[Cell]] = {}
    for index, cell in enumerate(cells):
        # Many marks go by their looks: drawing costs milliseconds a call, whatever the call draws.
        apart = index if len(cells) <= MOST_APART else 0
        groups.setdefault((cell.row.label, cell.row.unit.allocator, apart), []).append(cell)
    for (label, allocator, _), own in groups.items():
        _mark(axes, own, looks[label], fills.get(allocator, _FILLS[0]))
    annotate(axes, _names(cells, looks) if len(cells) <= MOST_NAMED else [], [_spot(cell) for cell in cells])
    return fig


def _caption(fills: dict[str, str]) -> str:
    words = {"full": "filled", "none": "hollow"}
    memory = ", ".join(f"{words.get(fill, f'{fill} half filled')}: {name}" for name, fill in fills.items())
    marks = f" Marks by memory: {memory}." if len(fills) > 1 else ""
    return f"Right moves more, higher is faster; slow is what lies below the dashed line.{marks} Numbers: ledger.md."


def _frame(axes: Axes, cells: Sequence[Cell]) -> None:
    spots = [_spot(cell) for cell in cells]
    for which, values in (("x", [x for x, _ in spots]), ("y", [y for _, y in spots])):
        log_axis(axes, which)
        (axes.set_xlim if which == "x" else axes.set_ylim)(min(values) / 1.6, max(values) * 1.6)
    axes.grid(color=FAINT, linewidth=0.5)
    axes.set_axisbelow(True)
    axes.axhline(SLOW * max(y for _, y in spots), color=QUIET, linewidth=0.9, dashes=(4, 2), zorder=2)
    axes.set_xlabel("bytes moved for each multiply-add")
    axes.set_ylabel("achieved speed, GMAC/s")


def _mark(axes: Axes, cells: Sequence[Cell], look: Look, fill: str) -> None:
    speeds = [(_spot(cell)[0], cell.row.macs_per_s) for cell in cells if cell.row.macs_per_s is not None]
    error_bars(axes, speeds, look, unit=GIGA)
    axes.plot(
        [_spot(cell)[0] for cell in cells],
        [_spot(cell)[1] for cell in cells],
        linestyle="none",
        marker=look.marker,
        color=look.colour,
        fillstyle=fill,
        markerfacecoloralt="white",
        markersize=look.size,
        zorder=5 if look.emphasised else 4,
    )


def _names(cells: Sequence[Cell], looks: dict[str, Look]) -> list[Note]:
    """Each operator at its cell furthest to the right."""
    last = {cell.row.label: cell for cell in sorted(cells, key=_spot)}
    return [
        Note(
            x=_spot(cell)[0],
            y=_spot(cell)[1],
            text=plain(name),
            colour=looks[name].ink,
            size=8.5,
            bold=looks[name].emphasised,
        )
        for name, cell in last.items()
    ]


def _spot(cell: Cell) -> tuple[float, float]:
    """Bytes for each multiply-add, GMAC/s."""
    return cell.bytes_moved / cell.macs, cell.speed / GIGA
