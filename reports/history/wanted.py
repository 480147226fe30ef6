"""Which cells and runs a history is asked for."""

from dataclasses import dataclass

from bench.records.workload import Unit


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Names of each kind, any where there are none; `since` is a time as `Plan.created_utc` writes it, or its start."""

    operators: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    runtimes: tuple[str, ...] = ()
    devices: tuple[str, ...] = ()
    since: str = ""

    def cell(self, cell: Unit) -> bool:
        """Whether it is one of them."""
        named = self.operators + self.models
        own = self.operators if cell.workload.kind == "op" else self.models
        return (
            (not named or cell.workload.name in own)
            and (not self.runtimes or cell.runtime in self.runtimes)
            and (not self.devices or cell.device in self.devices)
        )
