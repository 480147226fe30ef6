"""Makes what units need beforehand and the cache lacks, in workers of their own on the host."""

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Event

from bench.errors import ProtocolError, StorageError
from bench.host import converters
from bench.host.artifacts import ArtifactCache, cost_of, representative, with_graph
from bench.host.units import UnitLoop
from bench.link.connection import Connection
from bench.plan.estimate import deadline_s
from bench.plan.runtimes import runtime
from bench.plan.schedule import chunks
from bench.records.artifact import Artifact
from bench.records.origin import Origin
from bench.records.record import FailureKind
from bench.records.workload import Unit
from bench.wire.messages import Body, name_of
from bench.wire.order import Job, Order, Task

EXPORT_DEADLINE_S = 600.0

Done = Callable[[Unit, Artifact], None]


def as_planned(unit: Unit) -> Origin:
    """What a unit needs is made where it comes from."""
    return unit.origin


class Preparation:
    """Serves artifacts from the cache and makes the others through the host's own agent.

    `origin` says where a unit's is made: in its own Python, or in ours.
    """

    def __init__(self, cache: ArtifactCache, threads: int, origin: Callable[[Unit], Origin] = as_planned) -> None:
        self.cache = cache
        self._threads, self._origin = threads, origin
        self._tried: dict[str, Artifact] = {}

    def artifact(self, unit: Unit) -> Artifact:
        """The artifact of a unit that `make` has seen, with its own cost; one with a graph serves eager as well."""
        made = self._made_from(unit)
        found = self._find(made) or self._find(with_graph(made))
        if found is None:
            return Artifact(kind="build", reason="its reference output was not made")
        return replace(found, cost=cost_of(found, unit))

    def missing(self, units: Iterable[Unit]) -> tuple[Unit, ...]:
        """One representative of each artifact that is neither in the cache nor tried in this run."""
        wanted: dict[str, Unit] = {}
        # Graphs first: where a network is wanted both ways, its export also holds the reference.
        for unit in sorted(map(self._made_from, units), key=lambda each: not runtime(each.runtime).graph):
            shared = self._find(with_graph(unit))
            usable = shared is not None and not shared.kind
            if usable or self._find(unit) is not None or self.cache.key(with_graph(unit)) in wanted:
                continue
            wanted[self.cache.key(unit)] = representative(unit)
        return tuple(wanted.values())

    def make(self, connection: Connection, units: Iterable[Unit], stop: Event, done: Done) -> None:
        """Make what is missing; a failure is kept as the reason.

        Operators of one Python share a worker, each network has its own.
        """
        wanted, loop = tuple(units), UnitLoop(_Artifacts(self._keep, done), stop)
        self._refuse(wanted, done)
        # A second look: where making the graph killed its worker, eager's reference may still be had alone.
        while (missing := self.missing(wanted)) and not stop.is_set():
            operators = [unit for unit in missing if unit.workload.kind == "op"]
            origins = dict.fromkeys(unit.origin for unit in operators)
            queue = deque(each for o in origins for each in chunks([unit for unit in operators if unit.origin == o]))
            queue += [(unit,) for unit in missing if unit.workload.kind == "model"]
            while queue and not stop.is_set():
                if left := loop.one_worker(connection, self._job(queue.popleft())):
                    queue.appendleft(left)

    def _refuse(self, wanted: Iterable[Unit], done: Done) -> None:
        """What needs a converter that is not set up: known without a worker, and no reason to wait for one."""
        for unit in self.missing(wanted):
            if reason := converters.missing(runtime(unit.runtime), self.cache.root, unit.origin.python):
                refused = Artifact(kind="unsupported", reason=reason)
                self._keep(unit, refused)
                done(unit, refused)

    def _made_from(self, unit: Unit) -> Unit:
        return replace(unit, origin=self._origin(unit))

    def _find(self, unit: Unit) -> Artifact | None:
        key = self.cache.key(unit)
        # Asked for several times about each unit, also while others are measured: read once.
        if key not in self._tried and (kept := self.cache.get(unit)) is not None:
            self._tried[key] = kept
        return self._tried.get(key)

    def _keep(self, unit: Unit, artifact: Artifact) -> None:
        self._tried[self.cache.key(unit)] = artifact
        try:
            self.cache.put(unit, artifact)
        except OSError as error:
            raise StorageError(
                f"expected to keep a graph in this machine's cache, got {error.strerror}; make room, or empty it"
                " with `bench devices clean cpu`, then `--resume`"
            ) from error

    def _job(self, units: tuple[Unit, ...]) -> Job:
        orders = tuple(
            Order(
                unit=unit,
                converter=converters.python_of(runtime(unit.runtime), self.cache.root),
                deadline_s=EXPORT_DEADLINE_S + deadline_s(unit),
            )
            for unit in units
        )
        return Job(task=Task(kind="export", orders=orders), threads=self._threads)


class _Artifacts:
    """What becomes of units that are prepared."""

    def __init__(self, keep: Done, done: Done) -> None:
        self._keep, self._done = keep, done

    def began(self, unit: Unit) -> None:
        """Nothing to say: the user is told when it is done."""

    def again(self, unit: Unit, reason: str) -> None:
        """Nor here."""

    def done(self, order: Order, body: Body) -> None:
        if not isinstance(body, Artifact):
            raise ProtocolError(f"expected {name_of(Artifact)!r}, got {name_of(body)!r}")
        self._settle(order.unit, body)

    def failed(self, order: Order, kind: FailureKind, reason: str) -> None:
        self._settle(order.unit, Artifact(kind=kind, reason=f"while it was exported: {reason}"))

    def _settle(self, unit: Unit, artifact: Artifact) -> None:
        self._keep(unit, artifact)
        self._done(unit, artifact)
