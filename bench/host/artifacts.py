"""What units need beforehand, made once on the host and kept: reference output, ONNX graph, cost."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from bench.cache.store import Store
from bench.durable import write_atomically
from bench.plan import subjects
from bench.plan.code_version import code_version
from bench.plan.runtimes import GRAPH_RUNTIME, MODULE_RUNTIME, runtime
from bench.records.artifact import Artifact
from bench.records.counts import Counts
from bench.records.environment import RuntimeVersion
from bench.records.measurement import Cost
from bench.records.origin import Origin
from bench.records.workload import Settings, Unit
from bench.wire.decode import decode, encode


def cost_of(artifact: Artifact, unit: Unit) -> Cost | None:
    """The counts of the very graph that the unit times; what a runtime other than eager moves, its worker reads."""
    cost = (artifact.channels_last_cost if unit.layout == "channels_last" else None) or artifact.cost
    if cost is None or unit.runtime == MODULE_RUNTIME:
        return cost
    # Counted at the element size of the unit that the artifact was made for.
    made, timed = subjects.BYTES[representative(unit).dtype], subjects.BYTES[unit.dtype]
    ideal = None if cost.bytes_ideal is None else cost.bytes_ideal * timed // made
    return replace(cost, bytes_ideal=ideal, bytes_moved=None)


def counts_of(artifact: Artifact) -> Counts:
    """What of an artifact must not grow from one revision to the next."""
    cost = artifact.cost
    return Counts(
        macs=cost.macs if cost else None,
        params=cost.params if cost else None,
        graph_nodes=artifact.graph_nodes,
        peak_bytes=artifact.peak_bytes,
    )


def representative(unit: Unit) -> Unit:
    """The unit whose artifact serves all units that differ in nothing an artifact depends on."""
    row = runtime(unit.runtime)
    own = row.converter or (row.graph and unit.dtype == "int8")  # each quantised as its kernels like it
    return replace(
        unit,
        runtime=row.name if own else GRAPH_RUNTIME if row.graph else MODULE_RUNTIME,
        layout="nchw",
        dtype="float32" if row.float32_graph and unit.dtype != "int8" else unit.dtype,
        threads=1,
        device="host",
        mode="latency",
        round=0,
        effort="normal",
        settings=Settings(),
        switches=(),
        accelerator="",
        allocator="system",
        origin=replace(unit.origin, label=""),
    )


def made_with(packages: Iterable[RuntimeVersion]) -> str:
    """What makes artifacts, in words: another version makes others."""
    return ", ".join(f"{each.name} {each.version}" for each in packages)


def with_graph(unit: Unit) -> Unit:
    """The same unit as a graph runtime would want it prepared."""
    return unit if runtime(unit.runtime).graph else replace(unit, runtime=GRAPH_RUNTIME, layout="nchw")


class ArtifactCache:
    """The `artifacts/` folder of the host's cache: one small JSON file for each, beside the store of files.

    `maker` says what makes them, the versions of the exporting libraries; `others` says it of other Pythons, by path.
    """

    def __init__(self, cache: Path, maker: str, others: Mapping[str, str] | None = None) -> None:
        self.root, self.store = cache, Store(cache)
        self._folder = cache / "artifacts"
        self._folder.mkdir(parents=True, exist_ok=True)
        self._makers = {**(others or {}), "": maker}
        self._mark = hashlib.sha256(f"{code_version()}:{maker}".encode()).hexdigest()[:8]  # begins each file's name

    def key(self, unit: Unit) -> str:
        """The hash of everything that decides the artifact."""
        # The device is no part of it: what was exported for one serves the others.
        # Nor is a Python's path, only what it holds; nor a project's folder where the file's digest tells which it is.
        # A factory may import anything from either, and what it makes is kept for one run alone.
        made_from = replace(representative(unit), fingerprint="")
        if not subjects.is_factory(unit.workload):
            made_from = replace(made_from, origin=Origin())
        maker = self._makers[unit.origin.python]
        return hashlib.sha256(f"{made_from.id}:{maker}".encode()).hexdigest()[:24]

    def get(self, unit: Unit) -> Artifact | None:
        """The artifact, if it was made and its files are still there."""
        found = _read(self._path(unit))
        if found is None:
            return None
        return found if all(map(self.store.has, found.digests)) else None

    def put(self, unit: Unit, artifact: Artifact) -> None:
        """Keep an artifact that was made whole; a failure is not kept, so that it is tried again.

        Nor is that of a user's own factory: what its module imports may change under the same name.
        """
        if not (artifact.kind or artifact.graph_reason or subjects.is_factory(unit.workload)):
            write_atomically(self._path(unit), json.dumps(encode(artifact)))

    def drop_stale(self) -> None:
        """Remove what other code or libraries made, which nobody will ask for, and files that no artifact names.

        Only while no other run has the files in use: those of a factory's network have no artifact.
        """
        used: set[str] = set()
        for path in self._folder.iterdir():
            if not path.name.startswith(f"{self._mark}-"):
                path.unlink(missing_ok=True)
            elif (found := _read(path)) is not None:
                used.update(found.digests)
        self.store.keep_only(used)

    def _path(self, unit: Unit) -> Path:
        return self._folder / f"{self._mark}-{self.key(unit)}.json"


def _read(path: Path) -> Artifact | None:
    try:
        return decode(Artifact, json.loads(path.read_text()))
    except (OSError, ValueError):
        return None
