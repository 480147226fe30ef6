"""What one picture may show together: rows of one device, runtime and set of settings."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count

from bench.records.run import Run
from bench.records.workload import Kind, Mode, Unit
from reports.environment_text import processor, versions
from reports.paper_tables import column_of
from reports.row import Row
from reports.rows import settings_text
from reports.untrusted import visible


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Rows that share everything but the workload. `slug` is safe in a file name and unique in the run."""

    slug: str
    device: str
    runtime: str
    mode: Mode
    machine: str  # the processor and the runtime's version, for the title
    settings: str  # stacked layers, batch, threads, dtype, layout, in words
    rows: tuple[Row, ...]
    comparable: bool  # has the paper's settings, so that its columns may stand beside

    @property
    def measured(self) -> tuple[Row, ...]:
        """Those that have a number."""
        return tuple(row for row in self.rows if row.time is not None)

    @property
    def rounds(self) -> int:
        """The most rounds behind any number; below 2 there are no intervals to draw."""
        return max((row.rounds for row in self.rows), default=0)


def candidates(run: Run, rows: Sequence[Row], kind: Kind) -> tuple[Panel, ...]:
    """The panels of that kind of workload that are worth a picture."""
    own = panels(run, [row for row in rows if row.unit.workload.kind == kind])
    return tuple(panel for panel in own if kind == "model" or _compares(panel))


def _compares(panel: Panel) -> bool:
    """Whether it has two operators or sizes to set side by side."""
    return len({(row.label, row.size) for row in panel.measured}) > 1


def panels(run: Run, rows: Sequence[Row]) -> tuple[Panel, ...]:
    """The rows by device, runtime and settings, in the order of the plan; those without any number left out."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(_key(row), []).append(row)
    measured = {key: group for key, group in groups.items() if any(row.time for row in group)}
    # A part of the key is in the file names only where it tells two pictures apart.
    telling = [index for index in range(len(next(iter(measured), ()))) if index < 2 or _tells(measured, index)]
    slugs = unique_slugs("-".join(key[index] for index in telling if key[index]) for key in measured)
    return tuple(_panel(run, slug, group) for slug, group in zip(slugs, measured.values(), strict=True))


def _key(row: Row) -> tuple[str, ...]:
    unit = row.unit
    return (
        unit.device,
        unit.runtime,
        unit.mode,
        f"batch{unit.batch}",
        f"threads{unit.threads}",
        unit.dtype,
        unit.layout,
        _layers(unit),
        unit.allocator,
        settings_text(unit),
    )


def _layers(unit: Unit) -> str:
    """`10 layers`; a network is no stack."""
    stack = unit.workload.stack
    return f"{stack} layer{'s' * (stack > 1)}" if stack else ""


def _tells(groups: Iterable[tuple[str, ...]], index: int) -> bool:
    """Whether that part differs among the settings of one device and runtime."""
    seen: dict[tuple[str, ...], set[str]] = {}
    for key in groups:
        seen.setdefault(key[:2], set()).add(key[index])
    return any(len(values) > 1 for values in seen.values())


def slug_of(text: str) -> str:
    """Nothing from outside steers a path: letters, digits, dots inside, dashes."""
    return re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-")[:80] or "device"


def unique_slugs(texts: Iterable[str]) -> list[str]:
    """A slug for each text, those that would be equal numbered from the second on."""
    taken: dict[str, None] = {}
    numbers: dict[str, Iterator[int]] = {}
    for slug in map(slug_of, texts):
        name, number = slug, numbers.setdefault(slug, count(2))
        while name in taken:
            name = f"{slug}-{next(number)}"
        taken[name] = None
    return list(taken)


def _panel(run: Run, slug: str, rows: Sequence[Row]) -> Panel:
    unit = rows[0].unit
    state = run.device(unit.device)
    machine = processor(state.environment, unit.accelerator) if state.environment else unit.device
    version = ", ".join(versions(run, state, unit.runtime))
    threads = "" if unit.accelerator else f"{unit.threads} thread{'s' if unit.threads > 1 else ''}"
    settings = [_layers(unit), f"batch {unit.batch}", threads, unit.dtype, unit.layout.upper().replace("_", " ")]
    settings += [f"{unit.allocator} memory"]
    return Panel(
        slug=slug,
        device=visible(unit.device),
        runtime=unit.runtime,
        mode=unit.mode,
        machine=visible(f"{machine}, {version}" if version else machine),
        settings=", ".join(filter(None, [*settings, settings_text(unit)])),
        rows=tuple(rows),
        comparable=column_of(unit, state.environment) is not None,
    )
