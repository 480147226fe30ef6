"""Makes the artifacts that are missing, in workers of their own on the host."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from bench.errors import ProtocolError, StorageError
from bench.host.artifacts import Artifact, ArtifactCache, representative, with_graph
from bench.host.job import run_job
from bench.link.connection import Connection
from bench.plan.estimate import deadline_s
from bench.plan.schedule import chunks
from bench.records.workload import GRAPH_RUNTIMES, Unit
from bench.wire.decode import decode
from bench.wire.message import Message
from bench.wire.order import Deadline, Job, Task

EXPORT_DEADLINE_S = 600.0


class Exporter:
    """Serves artifacts from the cache and makes the others through the host's own agent."""

    def __init__(self, cache: ArtifactCache, threads: int) -> None:
        self.cache = cache
        self._threads = threads
        self._tried: dict[str, Artifact] = {}

    def artifact(self, unit: Unit) -> Artifact:
        """The artifact of a unit that `make` has seen, with its own cost; one with a graph serves eager as well."""
        found = self._find(unit) or self._find(with_graph(unit))
        if found is None:
            return Artifact(kind="build", reason="its reference output was not made")
        return replace(found, cost=found.cost_of(unit))

    def missing(self, units: Iterable[Unit]) -> tuple[Unit, ...]:
        """One representative of each artifact that is neither in the cache nor tried in this run."""
        wanted: dict[str, Unit] = {}
        # Graphs first: where a network is wanted both ways, its export also holds the reference.
        for unit in sorted(units, key=lambda each: each.runtime not in GRAPH_RUNTIMES):
            shared = self._find(with_graph(unit))
            usable = shared is not None and not shared.kind
            if usable or self._find(unit) is not None or self.cache.key(with_graph(unit)) in wanted:
                continue
            wanted[self.cache.key(unit)] = representative(unit)
        return tuple(wanted.values())

    def make(
        self,
        connection: Connection,
        units: Iterable[Unit],
        stopped: Callable[[], bool],
        done: Callable[[Unit, Artifact], None],
    ) -> None:
        """Make what is missing: operators in one worker, each network in its own; a failure is kept as the reason."""
        wanted = tuple(units)
        crashed: set[str] = set()
        # A second look: where making the graph killed its worker, eager's reference may still be had alone.
        while (missing := self.missing(wanted)) and not stopped():
            operators = [unit for unit in missing if unit.workload.kind == "op"]
            queue = [list(chunk) for chunk in chunks(operators)]
            queue += [[unit] for unit in missing if unit.workload.kind == "model"]
            while queue and not stopped():
                left = self._run(connection, queue.pop(0), stopped, done, crashed)
                if left:
                    queue.insert(0, left)

    def _find(self, unit: Unit) -> Artifact | None:
        key = self.cache.key(unit)
        # Asked for several times about each unit, also while others are measured: read once.
        if key not in self._tried and (kept := self.cache.get(unit)) is not None:
            self._tried[key] = kept
        return self._tried.get(key)

    def _run(
        self,
        connection: Connection,
        units: list[Unit],
        stopped: Callable[[], bool],
        done: Callable[[Unit, Artifact], None],
        crashed: set[str],
    ) -> list[Unit]:
        """One worker; returns what it left undone."""
        waiting = {unit.id: unit for unit in units}
        current: list[Unit] = []

        def settle(unit: Unit, artifact: Artifact) -> None:
            waiting.pop(unit.id, None)
            self._tried[self.cache.key(unit)] = artifact
            try:
                self.cache.put(unit, artifact)
            except OSError as error:
                raise StorageError(
                    f"expected to keep a graph in this machine's cache, got {error.strerror}; make room, or empty it"
                    " with `bench devices clean cpu`, then `--resume`"
                ) from error
            done(unit, artifact)

        def handle(message: Message) -> None:
            message.body.pop("worker", None)
            if message.type == "fatal":
                for unit in list(waiting.values()):
                    settle(unit, Artifact(kind="build", reason=str(message.body.get("reason", ""))[:300]))
            elif message.unit not in waiting:
                raise ProtocolError("expected a message about a unit of this job")
            elif message.type == "begin":
                current[:] = [waiting[message.unit]]
            elif message.type == "artifact":
                settle(waiting[message.unit], decode(Artifact, message.body))
                current.clear()

        exits = run_job(connection, self._job(units), handle, stopped)
        if not waiting or stopped():
            return []
        victim = next(iter(current or waiting.values()))
        kind, reason = exits[0].failure if exits else ("crash", "the worker said nothing")
        if kind == "crash" and victim.id not in crashed:
            crashed.add(victim.id)
        else:
            settle(victim, Artifact(kind=kind, reason=f"while it was exported: {reason}"))
        return list(waiting.values())

    def _job(self, units: list[Unit]) -> Job:
        return Job(
            task=Task(
                kind="export",
                units=tuple(units),
                attempts=(1,) * len(units),
            ),
            threads=self._threads,
            deadlines=tuple(Deadline(unit=unit.id, seconds=EXPORT_DEADLINE_S + deadline_s(unit)) for unit in units),
        )
