"""Runs one machine's units through its agent, whatever happens on the way; one thread for each machine.

A crash is tried once more in a fresh worker; running out of memory or of time is not. A lost link is tried three times;
then what is left of the machine is lost, and the other machines go on. Every unit ends in exactly one record.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import replace

from bench.cache.store import Store
from bench.errors import BenchError, DeviceError, LinkLostError, ProtocolError, StorageError
from bench.host.artifacts import Artifact
from bench.host.observer import Observer
from bench.host.patience import Patience
from bench.host.work import DeviceWork
from bench.journal import Journal
from bench.link.connection import Connection, Transport
from bench.plan.schedule import grouped
from bench.records.environment import Environment, difference
from bench.records.pair import Pair
from bench.records.workload import Unit


class MachineRunner:
    """One machine's connection and what is left to do on it. `stop` may be called from any thread."""

    def __init__(self, name: str, transport: Transport, run: str, patience: Patience, observer: Observer) -> None:
        self.name = name
        self.environment: Environment | None = None
        self._first_seen: Environment | None = None
        self._transport, self._run, self._patience, self._observer = transport, run, patience, observer
        self._connection: Connection | None = None
        self._lost: BenchError | None = None
        self._stopped = False

    def connect(self) -> Environment:
        """Reach the machine; DeviceError where there is no way, StoppedError soon after `stop`."""
        self._connection, found, skew_s = self._transport.connect(self._run, self._patience.timing, self.stopped)
        if self._first_seen is not None and (changed := difference(self._first_seen, found)):
            raise DeviceError(f"{self.name} is not what it was when the run began: {changed}")
        self._first_seen = replace(found, clock_skew_s=skew_s)
        self.environment = self.environment or self._first_seen
        return self._first_seen

    @property
    def connection(self) -> Connection:
        """The live connection; LinkLostError before `connect` and after a loss."""
        if self._connection is None:
            raise self._lost or LinkLostError(f"{self.name} is not connected")
        return self._connection

    def stopped(self) -> bool:
        """Whether `stop` was called."""
        return self._stopped

    def stop(self) -> None:
        """Drop the unit that is running and begin no other."""
        self._stopped = True
        connection = self._connection  # which its own thread may be dropping right now
        if connection is not None:
            connection.interrupt()

    def close(self) -> None:
        """End the agent."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def idle(self, until: Callable[[], bool]) -> None:
        """Keep the lease alive while others get ready. A link that is lost meanwhile is lost to the next job only."""
        while self._connection is not None and not until() and not self._stopped:
            try:
                said = self._connection.receive(0.5)
            except LinkLostError as error:
                self._drop()
                self._lost = error  # raised to whoever needs the link: nobody does yet
                return
            if said is not None:
                raise ProtocolError("expected silence from an idle agent")

    def run(
        self,
        units: Iterable[Unit],
        pairs: Iterable[Pair],
        artifact: Callable[[Unit], Artifact],
        store: Store,
        journal: Journal,
    ) -> BenchError | None:
        """Bring every unit and pair to its record; returns the error that lost the machine, if one did."""
        work = DeviceWork(self, artifact, store, journal, self._patience, self._observer)
        queue: deque[tuple[Unit, ...] | Pair] = deque([*grouped(units), *pairs])
        measured_noise: set[tuple[str, int]] = set()
        losses = ended = 0
        while queue and not self._stopped:
            item = queue.popleft()
            try:
                if isinstance(item, Pair):
                    if work.pair(item):
                        queue.appendleft(item)
                    continue
                place = (item[0].device, item[0].round)
                if place not in measured_noise:
                    work.noise(item[0])
                    measured_noise.add(place)
                if left := work.group(item):
                    queue.appendleft(left)
            except StorageError:
                raise
            except BenchError as error:
                left_over = item if isinstance(item, Pair) else tuple(u for u in item if u.id not in work.ended)
                if left_over:
                    queue.appendleft(left_over)
                # `stop` closes nothing, but a connection may break while it is being stopped.
                if self._stopped:
                    break
                # A unit that brings its machine down each time would be tried without end.
                losses = 1 if len(work.ended) > ended else losses + 1
                ended = len(work.ended)
                problem = error if losses > len(self._patience.reconnect_s) else self.recover(error)
                if self._stopped:
                    break
                if problem is not None:
                    work.lose(queue, problem)
                    return problem
        return None

    def lose_all(
        self,
        units: Iterable[Unit],
        pairs: Iterable[Pair],
        artifact: Callable[[Unit], Artifact],
        store: Store,
        journal: Journal,
        error: BenchError,
    ) -> None:
        """Give every unit of a device that was never reached its record."""
        work = DeviceWork(self, artifact, store, journal, self._patience, self._observer)
        work.lose([tuple(units), *pairs], error)

    def recover(self, error: BenchError) -> BenchError | None:
        """Connect again after a lost link; returns the error where that is no use."""
        self._drop()
        give_up = time.monotonic() + self._patience.offline_s
        for wait_s in self._patience.reconnect_s:
            # Each attempt may stall in a login for as long as ssh and the lock allow: together they must end as well.
            if not isinstance(error, LinkLostError) or self._stopped or time.monotonic() + wait_s > give_up:
                return error
            what = str(error).removeprefix(f"{self.name}: ")
            self._observer.said(self.name, f"{what}; trying again in {wait_s:g} s")
            self._sleep(wait_s)
            try:
                self.connect()
            except BenchError as again:
                self._drop()
                error = again
            else:
                return None
        return error

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _sleep(self, seconds: float) -> None:
        until = time.monotonic() + seconds
        while not self._stopped and (left := until - time.monotonic()) > 0:
            time.sleep(min(left, 0.1))
