"""The program on every device that starts workers and watches them; standard library only.

It reads JSON lines from its host on stdin and writes JSON lines to stdout. It sleeps while a worker measures: its loop
wakes for a line, a worker's line, a child's end, a deadline, and a heartbeat every few seconds. When stdin ends or the
host has been silent for a lease, it kills its workers and goes.
"""

import base64
import binascii
import contextlib
import ctypes
import errno
import os
import selectors
import shutil
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from bench.agent.environment import probe
from bench.agent.host_pipe import HostPipe
from bench.agent.start_workers import NotStartedError, compiled_folder, start_workers
from bench.agent.worker_process import WORKER, WorkerProcess, kill_orphans
from bench.agent.worker_talk import WorkerTalk
from bench.cache.store import REMEDY, Incoming, Store
from bench.errors import ProtocolError
from bench.system.affinity import choose, topology
from bench.system.priority import stand_above
from bench.wire.messages import (
    Alive,
    Begin,
    Body,
    Bye,
    Cancel,
    Error,
    Exit,
    FilePart,
    Have,
    Hello,
    Idle,
    Missing,
    Start,
    Stored,
    message,
    name_of,
)
from bench.wire.order import Job

_PR_SET_CHILD_SUBREAPER = 36
CANNOT_START = 127  # as a shell says it


class Agent:
    """The loop. One job at a time; the host waits for its `exit` before it sends the next."""

    def __init__(
        self, run: str, start: Start, cache: Path, given: bytes = b"", worker: tuple[str, ...] = WORKER
    ) -> None:
        self._lease, self._packages, self._cache, self._store = start.lease, start.packages, cache, Store(cache)
        self._worker = worker
        self._selector = selectors.DefaultSelector()
        self._host = HostPipe(run, self._selector, given)
        self._workers: list[WorkerProcess] = []
        self._talks: list[WorkerTalk] = []  # of each worker
        self._job: Job | None = None
        self._incoming: Incoming | None = None
        self._stopping = False
        self._above = False  # the workers' real-time priority
        self._next_beat = time.monotonic() + start.lease.heartbeat_s

    def run(self) -> int:
        """Serve until the host leaves; the exit code is for people only, nothing reads it."""
        wakeup = self._watch_signals()
        self._host.open()
        self._selector.register(wakeup, selectors.EVENT_READ, lambda: _drain(wakeup))
        # The cache's folder may not be there for the free space yet; probe looks at its nearest parent.
        self._host.send(Hello(environment=probe(self._cache, self._packages), clock=time.time(), pid=os.getpid()))
        try:
            while not self._stopping or self._host.has_unsent:
                self._host.flush()
                try:
                    while not self._stopping and (order := self._host.next_order()) is not None:
                        _HANDLERS.get(type(order), Agent._refuse)(self, order)
                except (ProtocolError, ValueError) as error:
                    self._fail("protocol", str(error))
                except OSError as error:
                    self._fail("disk", disk_text(error, self._cache))
                for key, _ in self._selector.select(self._until_next_timer()):
                    key.data()
                self._reap()
                self._check_timers()
        finally:
            self._kill_all()
            self._forget_compiled()
            if self._incoming is not None:
                self._incoming.abort()
        return 0

    def _watch_signals(self) -> int:
        reader, writer = os.pipe()
        os.set_blocking(reader, False)
        os.set_blocking(writer, False)
        signal.set_wakeup_fd(writer)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            signal.signal(number, lambda *_: self._leave())
        # A worker's orphans come to this process, which ends them, instead of living on.
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        return reader

    # --- the host's side

    def _fail(self, kind: Literal["protocol", "disk"], message: str) -> None:
        self._host.send(Error(kind=kind, message=message[:2000]))
        self._stopping = True

    def _leave(self) -> None:
        self._stopping = self._host.gone = True
        self._kill_all()

    # --- what the host asks

    def _refuse(self, order: Body) -> None:
        raise ProtocolError(f"expected what a host says, got {name_of(order)!r}")

    def _on_alive(self, order: Alive) -> None:
        pass  # any byte renews the lease

    def _on_have(self, order: Have) -> None:
        self._host.send(Missing(digests=tuple(each for each in order.digests if not self._store.has(each))))

    def _on_file(self, part: FilePart) -> None:
        if part.digest:
            self._incoming = Incoming(self._store, part.digest, part.size)
        if self._incoming is None:
            raise ValueError("expected a file's digest before its data")
        try:
            self._incoming.write(base64.b64decode(part.data, validate=True))
            if part.last:
                self._incoming.finish()
                self._incoming = None
            self._host.send(Stored())
        except (OSError, ValueError, binascii.Error):
            incoming, self._incoming = self._incoming, None
            if incoming is not None:
                incoming.abort()
            raise

    def _on_job(self, job: Job) -> None:
        if self._workers:
            raise ValueError("expected one job at a time")
        cpus = choose(topology(), job.threads)
        self._job = job
        self._forget_compiled()  # of an agent that was killed
        try:
            self._workers = start_workers(job, cpus, self._cache, self._worker)
        except NotStartedError as error:
            self._host.send(_not_started(error))
            self._host.send(Idle())
            return
        self._stand_above(realtime=job.task.realtime)
        self._talks = [WorkerTalk(job.task, index) for index in range(job.workers)]
        for index, worker in enumerate(self._workers):
            self._selector.register(worker.pipe, selectors.EVENT_READ, _bound(self._read_worker, index))
            self._selector.register(worker.log_pipe, selectors.EVENT_READ, _bound(self._read_log, index))

    def _on_cancel(self, order: Cancel) -> None:
        for worker in self._workers:
            worker.kill()

    def _on_bye(self, order: Bye) -> None:
        self._kill_all()
        self._stopping = True

    # --- the workers' side

    def _read_worker(self, index: int) -> None:
        worker = self._workers[index]
        try:
            for line in worker.read_lines():
                said = self._talks[index].take(line)
                if said.type == name_of(Begin) and self._job is not None:
                    worker.begin_unit(self._job.deadline_s(said.unit))
                self._host.forward(said, index)
        except ProtocolError as error:
            worker.broke_wire = str(error)
        if worker.broke_wire:
            worker.kill()
        if worker.pipe_ended:
            self._unregister(worker.pipe)

    def _read_log(self, index: int) -> None:
        worker = self._workers[index]
        worker.read_log()
        if worker.log_ended:  # an ended pipe is always readable and would keep the loop busy
            self._unregister(worker.log_pipe)

    def _unregister(self, descriptor: int) -> None:
        if descriptor in self._selector.get_map():
            self._selector.unregister(descriptor)

    def _reap(self) -> None:
        for index, worker in enumerate(self._workers):
            if worker.pid < 0:
                continue
            end = worker.reap()
            if end is None:
                continue
            self._read_worker(index)
            self._read_log(index)
            self._unregister(worker.pipe)
            self._unregister(worker.log_pipe)
            worker.close_pipes()
            worker.pid = -1
            self._host.forward(message(replace(end, log=worker.log_tail, broke_wire=worker.broke_wire)), index)
            # One of a pair without the other has nothing to do.
            if end.code or end.signal:
                for other in self._workers:
                    if other.pid > 0:
                        other.kill()
        if self._workers and all(worker.pid < 0 for worker in self._workers):
            self._workers = []
            self._stand_above(realtime=False)
            kill_orphans()
            self._forget_compiled()
            self._host.send(Idle())

    def _kill_all(self) -> None:
        for worker in self._workers:
            if worker.pid > 0:
                worker.kill()
        kill_orphans()

    def _stand_above(self, *, realtime: bool) -> None:
        if realtime is not self._above:
            with contextlib.suppress(OSError):  # nor may the workers, and they say so
                stand_above(realtime=realtime)
                self._above = realtime

    def _forget_compiled(self) -> None:
        shutil.rmtree(compiled_folder(self._cache), ignore_errors=True)

    # --- time

    def _until_next_timer(self) -> float:
        now = time.monotonic()
        moments = [self._next_beat, self._host.heard + self._lease.lease_s]
        moments += [w.check_deadline(now, self._lease.grace_s) for w in self._workers if w.pid > 0]
        # What it still has to say when it stops waits until the host takes it.
        over = self._host.gone or (self._stopping and not self._host.has_unsent)
        return 0.0 if over else max(0.0, min(moments) - now)

    def _check_timers(self) -> None:
        now = time.monotonic()
        if self._host.gone or now >= self._host.heard + self._lease.lease_s:
            self._leave()
        if now >= self._next_beat:
            self._next_beat = now + self._lease.heartbeat_s
            self._host.send(Alive())


_HANDLERS: dict[type[Body], Callable[[Agent, Any], None]] = {
    Alive: Agent._on_alive,
    Have: Agent._on_have,
    FilePart: Agent._on_file,
    Job: Agent._on_job,
    Cancel: Agent._on_cancel,
    Bye: Agent._on_bye,
}


def _not_started(error: NotStartedError) -> Exit:
    return Exit(code=CANNOT_START, signal=0, oom=False, timed_out=False, peak_memory_bytes=0, log=str(error))


def _bound(function: Callable[[int], None], index: int) -> Callable[[], None]:
    return lambda: function(index)


def _drain(descriptor: int) -> None:
    with contextlib.suppress(BlockingIOError):
        while os.read(descriptor, 4096):
            pass


def disk_text(error: OSError, cache: Path) -> str:
    """What a disk refused, and what to do."""
    remedy = f"make room there, or empty {cache} with `bench devices clean NAME`"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.ENAMETOOLONG):
        remedy = REMEDY
    return f"{os.strerror(error.errno or 0)} on the device ({error.filename or cache}); {remedy}"
