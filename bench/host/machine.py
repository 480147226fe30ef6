"""One machine of a run: the way to it, its devices, what was found there, and why one of them cannot be used."""

import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from threading import Event, Timer

from bench.errors import BenchError, DeviceError, LinkLostError
from bench.host.job import failure_of, run_job
from bench.host.observer import Observer
from bench.host.origins import check_holds, look_at
from bench.host.patience import Patience
from bench.link.connection import Connection, Transport
from bench.plain_text import plain_line
from bench.records.device import Device
from bench.records.environment import Environment, difference, fingerprint
from bench.records.origin import PythonEnvironment
from bench.records.run import DeviceState
from bench.records.workload import Unit
from bench.wire.messages import Accelerators, Body, Exit, Said, name_of
from bench.wire.order import Job, Task, TaskKind


class Machine:
    """The devices that share one agent, so that they are measured in turn; `interrupt` may come from any thread.

    `environments` holds the devices that can be used, `problems` why the others cannot.
    """

    def __init__(
        self,
        devices: tuple[Device, ...],
        transport: Transport,
        run: str,
        patience: Patience,
        observer: Observer,
        stop: Event,
    ) -> None:
        self.devices, self.name, self.patience = devices, devices[0].name, patience
        self.environments: dict[str, Environment] = {}
        self.problems: dict[str, BenchError] = {}
        self.found: Environment | None = None  # the machine as it was first seen
        self.pythons: dict[str, PythonEnvironment] = {}  # that units name, by path, and "" beside them
        self._transport, self._run, self._observer, self._stop = transport, run, observer, stop
        self._connection: Connection | None = None
        self._lost: BenchError | None = None

    # --- contact

    def connect(self) -> Environment:
        """Reach the machine; DeviceError where there is no way, StoppedError soon after a stop."""
        lease = self.patience.lease
        silence = Timer(self.patience.silence_s, self._say_waiting, (lease.lock_wait_s,))
        silence.start()
        try:
            self._connection, found, skew_s = self._transport.connect(self._run, lease, self._stop.is_set)
        finally:
            silence.cancel()
        if self.found is not None and (changed := difference(self.found, found)):
            raise DeviceError(f"{self.name} is not what it was when the run began: {changed}")
        self.found = replace(found, clock_skew_s=skew_s)
        return self.found

    def _say_waiting(self, most_s: float) -> None:
        self._observer.said(self.name, f"no answer yet; if another run holds it, this one waits for up to {most_s:g} s")

    def identify(self) -> None:
        """Tell its devices apart, once it is connected: which have what they need there."""
        if self.found is None:
            raise LinkLostError(f"{self.name} is not connected")
        accelerated = any(device.accelerator for device in self.devices)
        gpus = probe_accelerators(self.connection, self._stop) if accelerated else Accelerators()
        for device in self.devices:
            try:
                self.environments[device.name] = _environment_of(device, self.found, gpus)
            except DeviceError as error:
                self.problems[device.name] = error

    def look_at(self, python: str) -> PythonEnvironment:
        """What that Python there holds, once it is connected; UsageError where it cannot serve."""
        if python not in self.pythons:
            self.pythons[python] = look_at(self.connection, python, self._stop)
        return self.pythons[python]

    def check_origins(self, units: Iterable[Unit], *, here: bool) -> None:
        """Look at every Python that units of its devices name; UsageError where one lacks what its unit needs."""
        names = {device.name for device in self.devices}
        own = dict.fromkeys(replace(unit, round=0) for unit in units if unit.origin.python and unit.device in names)
        for unit in own:
            check_holds(unit, self.look_at(unit.origin.python), here=here)
        if own:
            self.look_at("")  # to say what differs

    def environment_of(self, unit: Unit) -> Environment | None:
        """The unit's device as the unit's own Python has it; None where the device cannot be used."""
        environment, python = self.environments.get(unit.device), self.pythons.get(unit.origin.python)
        if environment is None or python is None or not unit.origin.python:
            return environment
        return _printed(replace(environment, python=python.version, runtimes=python.packages))

    @property
    def states(self) -> tuple[DeviceState, ...]:
        """Its devices as they were found, in their order."""
        pythons = tuple(self.pythons.values())
        return tuple(
            DeviceState(name=device.name, environment=self.environments.get(device.name), pythons=pythons)
            for device in self.devices
        )

    def lose(self, error: BenchError) -> None:
        """None of its devices can be used."""
        self.problems = {device.name: error for device in self.devices}
        self.environments = {}

    @property
    def connection(self) -> Connection:
        """The live connection; LinkLostError before `connect` and after a loss."""
        if self._connection is None:
            raise self._lost or LinkLostError(f"{self.name} is not connected")
        return self._connection

    def answer(self, kind: TaskKind, threads: int = 1) -> tuple[Body | None, str]:
        """What a worker says to a task that is about no unit; None where it ended without, and why."""
        return self.ask(Task(kind=kind), threads)

    def ask(self, task: Task, threads: int = 1) -> tuple[Body | None, str]:
        """The same of a task that says more than its kind."""
        said: list[Said] = []
        job = Job(task=task, threads=threads, start_s=self.patience.worker_start_s)
        exits = self.work_on(job, said.append)
        return (said[0].body, "") if said else (None, failure_of(exits)[1])

    def work_on(self, job: Job, handle: Callable[[Said], None]) -> tuple[Exit, ...]:
        """Have a job done, its messages passed on; returns how its workers ended."""
        return run_job(self.connection, job, handle, self._stop)

    # --- while others are busy, and when the link is lost

    def idle(self, until: Callable[[], bool]) -> None:
        """Keep the lease alive while others get ready. A link that is lost meanwhile is lost to the next job only."""
        while self._connection is not None and not until() and not self._stop.is_set():
            try:
                said = self._connection.receive(0.5)
            except LinkLostError as error:
                self.close()
                self._lost = error  # raised to whoever needs the link: nobody does yet
                return
            if said is not None:
                raise self._connection.broken(f"expected silence from an idle agent, got {name_of(said.body)!r}")

    def is_last(self, losses: int) -> bool:
        """Whether so many losses in a row are more than are worth another try."""
        return losses > len(self.patience.reconnect_s)

    def recover(self, error: BenchError) -> BenchError | None:
        """Connect again after a lost link; returns the error where that is no use."""
        self.close()
        give_up = time.monotonic() + self.patience.offline_s
        for wait_s in self.patience.reconnect_s:
            # Each attempt may stall in a login for as long as ssh and the lock allow: together they must end as well.
            late = time.monotonic() + wait_s > give_up
            if not isinstance(error, LinkLostError) or self._stop.is_set() or late:
                return error
            what = str(error).removeprefix(f"{self.name}: ")
            self._observer.said(self.name, f"{what}; trying again in {wait_s:g} s")
            self._stop.wait(wait_s)
            try:
                self.connect()
            except BenchError as again:
                self.close()
                error = again
            else:
                return None
        return error

    @property
    def stopped(self) -> bool:
        """Whether the run was ended."""
        return self._stop.is_set()

    def interrupt(self) -> None:
        """Make whoever waits for the machine look at the stop event."""
        connection = self._connection  # which its own thread may be dropping right now
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        """End the agent."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()


def probe_accelerators(connection: Connection, stop: Event) -> Accelerators:
    """What the machine says about its GPUs, as plain lines."""
    found = Accelerators()

    def handle(said: Said) -> None:
        nonlocal found
        if isinstance(said.body, Accelerators):
            found = said.body

    run_job(connection, Job(task=Task(kind="probe")), handle, stop)
    names = tuple(plain_line(name, 200) for name in found.names)
    return Accelerators(names=names, reason=plain_line(found.reason, 200))


def _environment_of(device: Device, environment: Environment, gpus: Accelerators) -> Environment:
    """The machine as this device sees it: an accelerator is part of its fingerprint, and only of its own."""
    if not device.accelerator:
        return environment
    name = next((name for name in gpus.names if name.split(" ")[0] == device.accelerator), None)
    if name is None:
        found = gpus.reason or f"found {', '.join(gpus.names)}"
        raise DeviceError(f"expected {device.accelerator} on {device.name}: {found}; install a CUDA build of torch")
    return _printed(replace(environment, accelerators=(name,)))


def _printed(found: Environment) -> Environment:
    """With the fingerprint that it has now."""
    mark = fingerprint(
        found.machine, found.cpu_model, found.kernel, found.runtimes, found.accelerators, found.cpu_quota
    )
    return replace(found, fingerprint=mark)
