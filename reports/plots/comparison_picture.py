"""The picture of `bench compare`: a forest plot, a ratio with its interval per comparison and the margin as a band."""

from collections.abc import Iterator, Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullLocator

from bench.statistics import Interval
from reports.ci.finding import Finding
from reports.environment_text import device_title
from reports.gate import Label
from reports.numbers import percent
from reports.plots.style import FAINT, INK, QUIET, Look, arrange, error_bars, figure, headline, log_axis, plain
from reports.results import Results
from reports.untrusted import LONGEST

MOST_ROWS = 60  # that are legible in one picture
LONGEST_NAME = 72  # characters written beside a row
LETTER = 0.074  # inches, of the names
WIDTH = 11.0  # inches
ANSWERS = 2.1  # inches right of the axes, for the ratio and the answer in words
_LOOKS: dict[Label, Look] = {
    "SLOWER": Look(colour="#D55E00", marker="^", emphasised=True),
    "GREW": Look(colour="#CC79A7", marker="D"),
    "UNCLEAR": Look(colour="#7f7f7f", marker="o"),
    "FASTER": Look(colour="#009E73", marker="v"),
    "SAME": Look(colour="#0072B2", marker="s"),
    "UNMEASURED": Look(colour="#7f7f7f", marker="X"),
}


def comparison_pictures(results: Results) -> Iterator[tuple[str, Figure]]:
    """One, where any comparison has a ratio."""
    measured = [(each, each.ratio) for each in results.findings if each.ratio]
    if measured:
        yield "compare", forest_picture(results, _foremost(measured))


def _foremost(measured: Sequence[tuple[Finding, Interval]]) -> list[tuple[Finding, Interval]]:
    """As many as one picture holds, what changed before what did not; in the order of the plan."""
    urgency = list(_LOOKS)
    first = sorted(range(len(measured)), key=lambda i: (urgency.index(measured[i][0].label), i))[:MOST_ROWS]
    return [measured[index] for index in sorted(first)]


def forest_picture(results: Results, shown: Sequence[tuple[Finding, Interval]]) -> Figure:
    """Ratios of time with their 95% intervals, the first one on top."""
    fig = figure(WIDTH, 1.75 + 0.25 * max(len(shown), 2))
    axes = fig.add_subplot()
    names = [_short(plain(each.name, LONGEST)) for each, _ in shown]
    devices = dict.fromkeys(each.device for each, _ in shown)
    machines = [device_title(results.run, device) for device in list(devices)[:3]]
    lines = headline(fig, "Time of the second side over that of the first", machines, _captions(results, len(shown)))
    arrange(fig, left=0.3 + LETTER * max(map(len, names)), subtitles=len(machines), captions=lines)
    fig.subplots_adjust(right=1 - ANSWERS / WIDTH)
    margin = results.run.plan.margin
    _axis(axes, *_reach([ratio for _, ratio in shown], margin))
    axes.axvspan(1 / (1 + margin), 1 + margin, color=FAINT, alpha=0.6, linewidth=0, zorder=0)
    axes.axvline(1, color=INK, linewidth=0.9, zorder=1)
    axes.grid(axis="x", color=FAINT, linewidth=0.6)
    for at, (finding, ratio) in enumerate(shown):
        _row(axes, finding, ratio, -at)
    axes.set_yticks([-at for at in range(len(shown))], names)
    axes.set_ylim(0.7 - max(len(shown), 2), 0.7)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("ratio of times (right of 1: slower)")
    return fig


def _short(name: str) -> str:
    """Cut in its middle: what tells two names apart stands at either end."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[1 - half :]}"


def _axis(axes: Axes, low: float, high: float) -> None:
    log_axis(axes, "x")
    if high < 3 * low:  # within a factor of three 1, 2 and 5 are one tick
        axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 5, 10]))
        axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlim(low, high)


def _row(axes: Axes, finding: Finding, ratio: Interval, at: float) -> None:
    look = _LOOKS[finding.label]
    error_bars(axes, [(at, ratio)], look, along="x")
    axes.plot([ratio.centre], [at], marker=look.marker, color=look.colour, markersize=look.size - 1, zorder=5)
    axes.annotate(
        f"{finding.ratio_text}  {finding.label}",
        (1, at),
        xycoords=("axes fraction", "data"),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=7.5,
        color=look.ink if finding.label != "UNCLEAR" else QUIET,
        annotation_clip=False,
    )


def _captions(results: Results, shown: int) -> list[str]:
    band = percent(results.run.plan.margin)
    said = [f"Bars: 95% intervals over fresh pairs. Band: {band} either way, within which no change counts."]
    if left := len(results.findings) - shown:
        said.append(f"{left} of {len(results.findings)} comparisons are not drawn; compare.csv has all.")
    return said


def _reach(ratios: Sequence[Interval], margin: float) -> tuple[float, float]:
    """All centres and the margin, and of the bars as much as is no more than twice as far."""
    centres = [1 / (1 + 2 * margin), 1 + 2 * margin, *(ratio.centre for ratio in ratios)]
    ends = [end for ratio in ratios for end in (ratio.low, ratio.high) if end is not None]
    low, high = min(centres), max(centres)
    return max(min([low, *ends]), low / 2) / 1.03, min(max([high, *ends]), high * 2) * 1.03
