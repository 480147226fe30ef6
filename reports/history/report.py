"""What every form of a history is made from: its changes, its environments and the words for both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from bench.records.environment import changed
from reports.environment_text import processor
from reports.history.changes import Change, changes
from reports.history.points import History, Series
from reports.numbers import bounds
from reports.tables.cell_words import cell_words, setting_words, varying


@dataclass(frozen=True, kw_only=True)
class HistoryReport:
    """A history with what is made of it once."""

    history: History

    @cached_property
    def changes(self) -> Mapping[Series, tuple[Change, ...]]:
        """Of each series, in the order of time."""
        return changes(self.history)

    @cached_property
    def environments(self) -> Mapping[tuple[str, str], int]:
        """The number, from 1, of each environment (device and fingerprint), in the order in which they came."""
        return {
            (device, each): number
            for device, _ in self.history.by_device()
            for number, each in enumerate(self.history.fingerprints(device), 1)
        }

    def number(self, series: Series) -> int:
        """Of its environment."""
        return self.environments[series.cell.device, series.fingerprint]

    def title(self, device: str) -> str:
        """`cpu: AMD EPYC, 2 cores` (not escaped), by the newest environment."""
        own = [each for each in self.history.series if each.cell.device == device]
        known = self.history.environments.get(self.history.fingerprints(device)[-1])
        return f"{device}: {processor(known, own[-1].cell.accelerator) if known else 'environment unknown'}"

    def news(self, device: str) -> Iterator[str]:
        """How each further environment of a device differs from the one before, a line each (not escaped)."""
        prints = self.history.fingerprints(device)
        for number, (before, after) in enumerate(pairwise(prints), 2):
            yield f"environment {number} of {device}, from {self._began(device, after)}: {self._differs(before, after)}"

    def said(self, series: Series) -> Iterator[str]:
        """Its changes, a line each (not escaped)."""
        for change in self.changes[series]:
            run = change.after.run
            news = f" ({change.news})" if change.news else ""
            began = f"from {run.folder.name}, {run.created_utc}"
            yield f"{self._words(series)}: {bounds(change.ratio)}x {began}{news}"

    @cached_property
    def trouble(self) -> tuple[str, ...]:
        """The lines that gave no number: how many, and the first of them (not escaped)."""
        damage = self.history.damage
        more = f"; {len(damage) - 5} more" if len(damage) > 5 else ""
        named = "; ".join(f"{each.path}, line {each.line}: {each.why}" for each in damage[:5])
        return (f"{len(damage)} damaged line{'s' * (len(damage) > 1)} left out: {named}{more}",) if damage else ()

    def _words(self, series: Series) -> str:
        """What tells it from the other series of its device."""
        device = series.cell.device
        several = sum(own == device for own, _ in self.environments) > 1
        where = [f"in environment {self.number(series)}"] * several
        return " ".join([cell_words(series.cell), *setting_words(series.cell, self._settings[device]), *where])

    @cached_property
    def _settings(self) -> Mapping[str, list[str]]:
        """Of each device those that tell its cells apart, and the runtime."""
        found = {device: varying([series.cell for series in own]) for device, own in self.history.by_device()}
        return {device: ["runtime", *(name for name in own if name != "runtime")] for device, own in found.items()}

    def _began(self, device: str, fingerprint: str) -> str:
        return min(
            each.points[0].run.created_utc
            for each in self.history.series
            if (each.cell.device, each.fingerprint) == (device, fingerprint)
        )

    def _differs(self, before: str, after: str) -> str:
        old, new = (self.history.environments.get(each) for each in (before, after))
        if old is None or new is None:
            return "another fingerprint, of an environment that no run tells of"
        return ", ".join(f"{name} {was} -> {now}" for name, was, now in changed(old, new)) or "another fingerprint"
