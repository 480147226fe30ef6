"""The words around a picture that its panels give."""

from collections import Counter
from collections.abc import Sequence

from matplotlib.axes import Axes

from bench.records.verdict import Verdict
from reports.plots.panel import Panel
from reports.plots.style import QUIET, plain

# The verdicts under which a time is not the network's alone, worst first.
DISTURBED: tuple[Verdict, ...] = ("throttled", "contended", "drifting", "not_steady")


def panel_lines(panel: Panel) -> list[str]:
    """The lines under a title: the machine, then the settings."""
    return [panel.machine, f"{panel.runtime}, {panel.settings}"]


def name_field(axes: Axes, panel: Panel) -> None:
    """The device above its field, where a picture has several."""
    axes.set_title(plain(panel.device), loc="left", fontsize=9.5, fontweight="bold", pad=31)
    axes.text(
        0,
        1.025,
        "\n".join(plain(line, 80) for line in panel_lines(panel)),
        transform=axes.transAxes,
        fontsize=7,
        color=QUIET,
        va="bottom",
        linespacing=1.4,
    )


def bars_text(shown: Sequence[Panel]) -> str:
    """What the bars are, or that there are none; and how many of the numbers were disturbed."""
    rounds = max(panel.rounds for panel in shown)
    halves = [row.time.half_width or 0 for panel in shown for row in panel.measured if row.time]
    wide = ", some wider than the picture" * (max(halves) > 1)
    bars = f"Bars: 95% interval over {rounds} rounds{wide}." if rounds > 1 else "One round: no intervals."
    return " ".join(filter(None, [bars, _disturbed_text(shown)]))


def _disturbed_text(shown: Sequence[Panel]) -> str:
    """`Disturbed (see table.md): 2 throttled, 1 drifting of 16.`; empty where none is."""
    found = Counter(row.verdict for panel in shown for row in panel.measured)
    told = [f"{found[verdict]} {verdict.replace('_', ' ')}" for verdict in DISTURBED if found[verdict]]
    return f"Disturbed (see table.md): {', '.join(told)} of {found.total()}." if told else ""
