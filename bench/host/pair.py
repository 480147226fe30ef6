"""One pair of live workers as the host sees it: the job, the answers, the record."""

import time
from typing import get_args

from bench.errors import ProtocolError
from bench.host.job import Exit
from bench.plan.schedule import BURSTS_PER_SIDE
from bench.records.pair import Pair, PairRecord
from bench.records.record import FailureKind, Status
from bench.records.verdict import SEVERITY, Verdict
from bench.wire.message import Message
from bench.wire.order import Deadline, Files, Job, Task


class PairRun:
    """Collects both sides' bursts."""

    def __init__(
        self, pair: Pair, files: tuple[Files, ...], start_s: float, deadline_s: float, attempt: int = 1
    ) -> None:
        self._pair, self._files, self._start_s, self._attempt = pair, files, start_s, attempt
        self._deadline_s = deadline_s  # of both together: each side waits while the other loads and runs
        self._bursts: dict[int, tuple[float, ...]] = {}
        self._discarded: set[int] = set()
        self._verdicts: set[Verdict] = set()
        self._failure: tuple[Status, FailureKind, str] | None = None
        self._started = time.monotonic()
        self._utc = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())

    def job(self) -> Job:
        """Two workers that take turns."""
        first, second = self._pair.first, self._pair.second
        return Job(
            task=Task(
                kind="pair",
                units=(first, second),
                attempts=(self._attempt, self._attempt),
                files=self._files,
                bursts=BURSTS_PER_SIDE,
                seed=first.seed + first.round,
            ),
            workers=2,
            threads=first.threads,
            start_s=self._start_s,
            deadlines=tuple(Deadline(unit=unit.id, seconds=self._deadline_s) for unit in (first, second)),
        )

    def handle(self, message: Message) -> None:
        """Take in one message of either worker."""
        side = message.body.get("worker")
        if side not in (0, 1):
            raise ProtocolError("expected a message of one of the two workers")
        if message.type == "bursts":
            values = message.body.get("seconds")
            if not isinstance(values, list) or not all(isinstance(v, float) and v > 0 for v in values):
                raise ProtocolError("expected positive burst times")
            self._bursts[side] = tuple(values)
            discarded = message.body.get("discarded")
            self._discarded |= {
                index for index in range(len(values)) if isinstance(discarded, list) and index in discarded
            }
            said = message.body.get("verdicts")
            self._verdicts |= {verdict for verdict in SEVERITY if isinstance(said, list) and verdict in said}
        elif message.type in ("side_failed", "fatal"):
            unit = (self._pair.first, self._pair.second)[side]
            # From a device: what is none of our words is an error.
            kind: FailureKind = next(
                (known for known in get_args(FailureKind) if known == message.body.get("kind")), "error"
            )
            status: Status = "skipped" if kind == "unsupported" else "failed"
            self._failure = (status, kind or "error", f"{unit.workload.name}: {message.body.get('reason', '')}"[:300])
        elif message.type != "begin":
            raise ProtocolError(f"expected begin or bursts, got {message.type[:40]!r}")

    def record(self, exits: tuple[Exit, ...]) -> PairRecord:
        """The end of the pair."""
        first, second = self._bursts.get(0, ()), self._bursts.get(1, ())
        done = bool(first) and len(first) == len(second)
        if done and self._discarded:
            # Neighbours go together. Where few are left all of them are kept: the label says what they are.
            self._verdicts.add("throttled")
            kept = [index for index in range(len(first)) if index not in self._discarded]
            if 2 * len(kept) >= len(first):
                first, second = tuple(first[i] for i in kept), tuple(second[i] for i in kept)
        end: tuple[Status, FailureKind, str] = ("done", "", "") if done else self._failure or _end_of(exits)
        status, kind, reason = end
        return PairRecord(
            pair=self._pair,
            attempt=self._attempt,
            status=status,
            reason_kind=kind,
            reason=reason,
            first_s=first if done else (),
            second_s=second if done else (),
            verdicts=tuple(sorted(self._verdicts)),
            started_utc=self._utc,
            seconds=time.monotonic() - self._started,
        )


def _end_of(exits: tuple[Exit, ...]) -> tuple[Status, FailureKind, str]:
    """How a pair ended of which no side said why."""
    bad = [end.failure for end in exits if not end.gave_way]
    kind, reason = (bad or [("crash", "a side of the pair ended without a word")])[0]
    return "failed", kind, reason
