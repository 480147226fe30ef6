"""The words around a picture that its panels give."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from reports.panel import Panel
from reports.plot_style import QUIET, plain


def panel_lines(panel: Panel) -> list[str]:
    """The lines under a title: the machine, then the settings."""
    return [panel.machine, f"{panel.runtime}, {panel.settings}"]


def name_field(axes: Axes, panel: Panel) -> None:
    """The device above its field, where a picture has several."""
    axes.set_title(plain(panel.device), loc="left", fontsize=9.5, fontweight="bold", pad=31)
    axes.text(
        0,
        1.025,
        "\n".join(plain(line)[:80] for line in panel_lines(panel)),
        transform=axes.transAxes,
        fontsize=7,
        color=QUIET,
        va="bottom",
        linespacing=1.4,
    )


def bars_text(shown: Sequence[Panel]) -> str:
    """What the bars are, or that there are none."""
    rounds = max(panel.rounds for panel in shown)
    if rounds < 2:
        return "One round: no intervals."
    halves = [row.time.half_width or 0 for panel in shown for row in panel.measured if row.time]
    return f"Bars: 95% interval over {rounds} rounds{', some wider than the picture' * (max(halves) > 1)}."
