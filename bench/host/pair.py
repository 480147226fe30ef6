"""One pair of live workers as the host sees it: the job, the answers, the record."""

import time

from bench.errors import ProtocolError
from bench.host.job import failure_of
from bench.plan.schedule import BURSTS_PER_SEAT, BURSTS_PER_SIDE
from bench.records.pair import Pair, PairRecord
from bench.records.record import FailureKind, status_of, utc_now
from bench.records.verdict import Verdict
from bench.wire.messages import Begin, Bursts, Exit, Fatal, Said, SideFailed, name_of
from bench.wire.order import Job, Order, Task


class PairRun:
    """Collects both sides' bursts. `orders` are the two sides'; their deadline is of both together.

    In every other pair the second side is the first worker: who loads first has been seen to take 1 to 2 % longer in
    eager PyTorch, and whatever it is, so it meets both alike.
    """

    def __init__(self, pair: Pair, orders: tuple[Order, Order], start_s: float) -> None:
        self._pair, self._orders, self._start_s = pair, orders, start_s
        self._swapped = pair.first.round % 2
        self._bursts: dict[int, Bursts] = {}
        self._failure: tuple[FailureKind, str] | None = None
        self._started = time.monotonic()
        self._utc = utc_now()

    def job(self) -> Job:
        """Two workers that take turns."""
        first = self._pair.first
        orders = self._orders[::-1] if self._swapped else self._orders
        task = Task(
            kind="pair",
            orders=orders,
            bursts=BURSTS_PER_SIDE,
            bursts_per_seat=BURSTS_PER_SEAT,
            seed=first.seed + first.round,
        )
        return Job(task=task, workers=2, threads=first.threads, start_s=self._start_s)

    def handle(self, said: Said) -> None:
        """Take in one message of either worker."""
        if said.worker not in (0, 1):
            raise ProtocolError("expected a message of one of the two workers")
        body, side = said.body, said.worker ^ self._swapped
        if isinstance(body, Bursts):
            self._bursts[side] = body
        elif isinstance(body, SideFailed | Fatal):
            unit = self._orders[side].unit
            self._failure = (body.kind or "error", f"{unit.workload.name}: {body.reason}"[:300])
        elif not isinstance(body, Begin):
            raise ProtocolError(f"expected {name_of(Begin)!r} or {name_of(Bursts)!r}, got {name_of(body)!r}")

    def record(self, exits: tuple[Exit, ...]) -> PairRecord:
        """The end of the pair."""
        sides = [self._bursts.get(side, Bursts(seconds=())) for side in (0, 1)]
        first, second = (side.seconds for side in sides)
        verdicts: set[Verdict] = {verdict for side in sides for verdict in side.verdicts}
        discarded = {index for side in sides for index in side.discarded}
        done = bool(first) and len(first) == len(second)
        if done and discarded:
            # Neighbours go together. Where few are left all of them are kept: the label says what they are.
            verdicts.add("throttled")
            kept = [index for index in range(len(first)) if index not in discarded]
            if 2 * len(kept) >= len(first):
                first, second = tuple(first[i] for i in kept), tuple(second[i] for i in kept)
        none: tuple[FailureKind, str] = ("", "")
        kind, reason = none if done else self._failure or failure_of(exits)
        return PairRecord(
            pair=self._pair,
            attempt=self._orders[0].attempt,
            status="done" if done else status_of(kind),
            reason_kind=kind,
            reason=reason,
            first_s=first if done else (),
            second_s=second if done else (),
            verdicts=tuple(sorted(verdicts)),
            started_utc=self._utc,
            seconds=time.monotonic() - self._started,
        )
