"""Ceilings as people read them: two small tables for each dtype and thread count, on a terminal and in Markdown."""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.text import Text

from bench.records.ceilings import ACCESSES, Ceilings
from bench.records.workload import size_text
from bench.statistics import median_interval
from reports.environment_text import processor
from reports.numbers import GIGA, plus_minus, significant
from reports.peak.report import PeakReport
from reports.tables.rich_table import rich_table
from reports.tables.text_table import TextTable
from reports.untrusted import safe_markdown, visible

CONVENTION = (
    "Each number is the median of visits, a fresh process each, of the fastest that each of them saw; ± is its 95% "
    "order-statistic interval. A MAC is one multiply-add. Bytes are those that the program asks for: a copy reads and "
    "writes, a triad reads two arrays and writes one."
)
NOT_TOLD = "not known"  # no runtime is asked to guess
_MICRO = 1e-6


def terminal_peak(report: PeakReport) -> RenderableType:
    """For a terminal of a hundred columns."""
    return Group(*_terminal(report))


def _terminal(report: PeakReport) -> Iterator[RenderableType]:
    yield Text(visible(_title(report)), style="bold")
    for each in report.ceilings:
        yield Text(f"\n{visible(_heading(each))}", style="bold")
        for grid in grids(each):
            yield rich_table(grid)
        yield from (Text(visible(line, 900)) for line in told(each))
    yield Text(f"\n{CONVENTION}", style="dim")


def markdown_peak(report: PeakReport) -> str:
    """The same for a repository page. Ends with a newline."""
    parts = [f"### {safe_markdown(_title(report))}"]
    for each in report.ceilings:
        parts.append(f"#### {safe_markdown(_heading(each))}")
        parts += [grid.markdown for grid in grids(each)]
        parts += [safe_markdown(line, 900) for line in told(each)]
    return "\n\n".join([*parts, CONVENTION]) + "\n"


def _title(report: PeakReport) -> str:
    return f"{report.device}: {processor(report.environment, report.ceilings[0].accelerator)}"


def _heading(each: Ceilings) -> str:
    threads = "" if each.accelerator else f", {each.threads} thread{'s' * (each.threads > 1)}"
    return f"{each.dtype}{threads}, taken {each.taken_utc}"


def grids(each: Ceilings) -> Iterator[TextTable]:
    """Products, the best shape of each runtime; then memory, a line a level. Empty ones are left out."""
    kinds = dict.fromkeys((gemm.runtime, gemm.dtype) for gemm in each.gemms)
    best = sorted(filter(None, (each.best(d, r) for r, d in kinds)), key=lambda g: -g.speed.centre)
    if best:
        yield TextTable(
            headings=("product", "GMAC/s", "±", "m x k x n", "instructions"),
            numeric=("GMAC/s", "±"),
            folded=("product", "m x k x n", "instructions"),
            rows=[
                (
                    gemm.runtime if gemm.dtype == each.dtype else f"{gemm.runtime} {gemm.dtype}",
                    significant(gemm.speed.centre, GIGA),
                    plus_minus(gemm.speed),
                    size_text(gemm.shape),
                    gemm.isa or NOT_TOLD,
                )
                for gemm in best
            ],
        )
    if each.bandwidths:
        levels = {line.level: line.level_bytes or line.set_bytes for line in each.bandwidths}
        headings = ("memory", "size", *(word for name in ACCESSES for word in (f"{name} GB/s", "±")))
        yield TextTable(
            headings=headings,
            numeric=headings[1:],
            folded=headings[:1],
            rows=[(level, _size(size), *_speeds(each, level)) for level, size in levels.items()],
        )


def _speeds(each: Ceilings, level: str) -> Iterator[str]:
    for access in ACCESSES:
        found = next((b.speed for b in each.bandwidths if (b.level, b.access) == (level, access)), None)
        yield significant(found.centre, GIGA) if found else ""
        yield plus_minus(found)


def told(each: Ceilings) -> Iterator[str]:
    """The other ceilings, and what could not be measured, a line each (not escaped)."""
    if each.page_fault_s:
        fault = median_interval(each.page_fault_s)
        yield f"page fault: {significant(fault.centre, _MICRO)} us {plus_minus(fault)}".strip()
    calls = [
        f"{c.runtime} {significant(c.time.centre, _MICRO)} us {plus_minus(c.time)}".strip() for c in each.overheads
    ]
    if calls:
        yield f"empty call: {', '.join(calls)}"
    for lack in each.unmeasured:
        yield f"not measured: {lack.part}: {lack.reason}"


def _size(size: int) -> str:
    """`32 KiB`, `128 MiB`."""
    return f"{size / (1 << 20):.3g} MiB" if size >= 1 << 20 else f"{size / 1024:.3g} KiB"
