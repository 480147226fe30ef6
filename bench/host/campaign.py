"""A whole run: reach the machines, write the plan down, make what is missing, measure side by side."""

import os
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bench.cache.files_lock import FilesLock, files_in_use
from bench.cache.store import Store
from bench.errors import BenchError, LinkLostError, StoppedError, StorageError, UsageError
from bench.host import converters
from bench.host.artifacts import ArtifactCache, made_with
from bench.host.ceilings import CeilingSource
from bench.host.contact import environment_of, reach
from bench.host.enough import Enough
from bench.host.inspection import inspect
from bench.host.machine import Machine
from bench.host.observer import Observer
from bench.host.origins import builds
from bench.host.patience import Patience
from bench.host.prepare import Preparation
from bench.host.work import Work
from bench.journal import DeviceEvent, Journal
from bench.link.connection import Transport
from bench.plan.code_version import code_version, package_version
from bench.plan.names import Asked
from bench.plan.schedule import ordered
from bench.plan.subjects import networks
from bench.records.artifact import Artifact
from bench.records.device import Device
from bench.records.environment import Environment
from bench.records.origin import Origin, PythonEnvironment
from bench.records.pair import Pair
from bench.records.record import utc_now
from bench.records.run import Option, Plan
from bench.records.workload import Unit
from bench.wire.messages import Network
from bench.wire.order import TaskKind

_HERE = Device(name="this machine")
_USUAL = Origin()


class Campaign:
    """Used in this order: `connect`, then `plan` or a plan from a folder, `run`, `close`."""

    def __init__(
        self,
        devices: Sequence[Device],
        transports: Callable[[Device], Transport],
        cache: Path,
        observer: Observer,
        patience: Patience | None = None,
    ) -> None:
        self.run_id = f"{time.time_ns():x}-{os.getpid()}"
        self._patience, self._observer, self._cache = patience or Patience(), observer, cache
        self._stop = threading.Event()  # the only one of the run: whoever waits looks at it
        by_machine: dict[str, list[Device]] = {}
        for device in devices:
            members = by_machine.setdefault(device.machine, [])
            if members and device.ssh and members[0].ssh and device.ssh.python != members[0].ssh.python:
                raise UsageError(
                    f"expected {members[0].name} and {device.name}, which are one machine, to name the same `python:`;"
                    " give them one, or measure them in two runs"
                )
            members.append(device)
        # The host exports graphs and inspects networks, whether or not it is measured itself.
        mine = by_machine.get(_HERE.machine, [_HERE])
        self._here = {device.name for device in mine}
        self._host = self._machine(mine, transports)
        self.machines = [
            self._host if members is mine else self._machine(members, transports) for members in by_machine.values()
        ]

    def _machine(self, devices: Sequence[Device], transports: Callable[[Device], Transport]) -> Machine:
        way = transports(devices[0])
        return Machine(tuple(devices), way, self.run_id, self._patience, self._observer, self._stop)

    # --- contact

    def connect(self, units: Iterable[Unit] = ()) -> None:
        """Reach every machine; DeviceError where no device can be used, StoppedError soon after `stop`.

        A machine that can't be reached is left with its problem, and the others go on. UsageError where a Python that
        one of `units` names lacks what it needs.
        """
        named = [unit for unit in units if unit.origin.python]
        reach(self.machines, self._host, named, self._stop)
        if self.stopped:
            raise StoppedError
        problems = [problem for machine in self.machines for problem in machine.problems.values()]
        if refused := next((problem for problem in problems if isinstance(problem, UsageError)), None):
            raise refused
        if not self.environments:
            raise problems[0]
        # Now, not after hours of measuring the others.
        for name, problem in ((n, p) for machine in self.machines for n, p in machine.problems.items()):
            self._observer.said(name, f"{str(problem).removeprefix(f'{name}: ')}; the other devices go on")

    @property
    def environments(self) -> dict[str, Environment]:
        """What was found, by device."""
        return {name: found for machine in self.machines for name, found in machine.environments.items()}

    def python_of(self, device: str, path: str) -> PythonEnvironment | None:
        """What that Python on the device holds; None where no unit names it."""
        machine = next((each for each in self.machines if device in each.environments), None)
        return machine.pythons.get(path) if machine is not None else None

    def inspect(self, sources: Sequence[str], asked: Asked, origin: Origin = _USUAL) -> dict[str, Network]:
        """Build networks from outside the zoo once, to learn what they take; UsageError where one cannot be.

        They are built by the origin's Python, one of this machine, where `maker` has its artifacts made there.
        """
        environment_of(self._host)
        files = any(entry.library == "onnx" for entry in networks(sources))
        if origin.python and (files or not self._host.look_at(origin.python).has("torch")):
            origin = replace(origin, python="")
        return inspect(self._host.connection, sources, asked, self._stop, origin)

    def _maker(self, unit: Unit) -> Origin:
        """Where what a unit needs is made: by its own Python of this machine if that can, else by ours."""
        python = self._host.pythons.get(unit.origin.python)
        own = python is not None and unit.device in self._here and builds(unit, python)
        return Origin(python=unit.origin.python if own else "", folder=unit.origin.folder)

    # --- plan

    def plan(
        self,
        command: str,
        argv: Sequence[str],
        options: Sequence[Option],
        units: Iterable[Unit],
        pairs: Iterable[Pair],
        seed: int,
    ) -> Plan:
        """The plan with everything that decides a number filled in."""
        machines = {device.name: machine for machine in self.machines for device in machine.devices}

        def stamped(unit: Unit) -> Unit:
            environment = machines[unit.device].environment_of(unit)
            mark = environment.fingerprint if environment is not None else ""
            return replace(unit, code_version=code_version(), fingerprint=mark)

        return Plan(
            command=command,
            argv=tuple(argv),
            options=tuple(options),
            created_utc=utc_now(),
            version=package_version(),
            code_version=code_version(),
            units=tuple(stamped(unit) for unit in units),
            seed=seed,
            pairs=tuple(replace(p, first=stamped(p.first), second=stamped(p.second)) for p in pairs),
            devices=tuple(state for machine in self.machines for state in machine.states),
        )

    # --- run

    def run(
        self,
        journal: Journal,
        units: Sequence[Unit],
        pairs: Sequence[Pair],
        seed: int,
        enough: Enough | None = None,
        ceilings: CeilingSource | None = None,
        kind: TaskKind = "measure",
    ) -> list[BenchError]:
        """Export what is missing, then give workers that kind of task; returns what lost a machine.

        The devices' ceilings come from `ceilings` before their first unit; without it the rows have no limit.
        """
        units = ordered(units, seed)
        for machine in self.machines:
            for name, environment in machine.environments.items():
                pythons = tuple(machine.pythons.values())
                journal.append(DeviceEvent(device=name, environment=environment, pythons=pythons))
        with files_in_use(self._cache) as files, ThreadPoolExecutor(len(self.machines) + 2) as pool:
            made = self._preparation(files)
            exports = pool.submit(self._prepare, made, [*units, *(u for p in pairs for u in (p.first, p.second))])
            tasks = [
                pool.submit(self._measure, machine, units, pairs, made, journal, exports, enough, ceilings, kind)
                for machine in self.machines
            ]
            if self._host not in self.machines:
                pool.submit(self._leave_host, exports)
            problems = [task.result() for task in tasks]
        return [problem for problem in problems if problem is not None]

    def _leave_host(self, exports: "Future[None]") -> None:
        # It only exports: others may measure on it, or export for other boards.
        wait([exports])
        self._host.close()

    def _preparation(self, files: FilesLock) -> Preparation:
        environment = self._host.found
        cpus = len(environment.allowed_cpus) if environment else 1
        others = {path: made_with(found.packages) for path, found in self._host.pythons.items()}
        maker = made_with((*(environment.runtimes if environment else ()), *converters.beside_torch()))
        cache = ArtifactCache(self._cache, maker, others)
        with files.alone() as alone:
            if alone:
                cache.drop_stale()
        return Preparation(cache, threads=cpus, origin=self._maker)

    def _prepare(self, made: Preparation, units: list[Unit]) -> None:
        missing = made.missing(units)
        if missing:
            self._observer.exporting(missing)
            losses = 0
            while not self.stopped:
                try:
                    made.make(self._host.connection, units, self._stop, self._observer.exported)
                    return
                except LinkLostError as error:
                    # What was made is kept: the next try makes the rest.
                    losses += 1
                    if problem := error if self._host.is_last(losses) else self._host.recover(error):
                        raise problem from None

    def _measure(
        self,
        machine: Machine,
        units: Sequence[Unit],
        pairs: Sequence[Pair],
        made: Preparation,
        journal: Journal,
        exports: "Future[None]",
        enough: Enough | None,
        ceilings: CeilingSource | None,
        kind: TaskKind,
    ) -> BenchError | None:
        lost: BenchError | None = None
        try:
            if machine.environments and machine is not self._host:
                machine.idle(exports.done)
            # Without what it should have made nothing can be checked: the units are lost, not failed.
            exports.result()
            if ceilings is not None:
                ceilings.write(machine, units, journal, self._observer)
        except StorageError:
            self.stop()
            raise
        except BenchError as error:
            lost = error
        for device in machine.devices:
            mine = [unit for unit in units if unit.device == device.name]
            own_pairs = [pair for pair in pairs if pair.first.device == device.name]
            problem = lost or machine.problems.get(device.name)
            if self.stopped:
                break  # what is left has no record: `--resume` measures it
            work = Work(
                device.name, machine, made.artifact, made.cache.store, journal, self._observer, self._stop, enough, kind
            )
            try:
                if problem is not None:
                    work.lose(mine, own_pairs, problem)
                else:
                    lost = work.run(mine, own_pairs)
            except StorageError:
                self.stop()  # nothing more can be written down, by any machine
                raise
        return lost or next(iter(machine.problems.values()), None)

    @contextmanager
    def prepared(self, unit: Unit) -> Iterator[tuple[Artifact, Store]]:
        """What a unit needs, made or found, and where its files lie: they stay there within the context."""
        with files_in_use(self._cache) as files:
            made = self._preparation(files)
            self._prepare(made, [unit])
            yield made.artifact(unit), made.cache.store

    def stop(self) -> None:
        """End the run: the units that are running are dropped, none begins."""
        self._stop.set()
        for machine in (self._host, *self.machines):
            machine.interrupt()

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stop.is_set()

    def close(self) -> None:
        """End every agent."""
        for machine in (self._host, *self.machines):
            machine.close()
