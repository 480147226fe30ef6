"""What a worker may say, and when: a copy of it that a network forked off, say, ends its own unit and no more."""

from bench.errors import ProtocolError
from bench.records.accuracy import MOST_IMAGES, EvaluationRecord
from bench.records.artifact import Artifact
from bench.records.ceilings import Ceilings
from bench.records.health import Health
from bench.records.measurement import NoiseFloor
from bench.records.origin import PythonEnvironment
from bench.records.record import Record
from bench.records.study import MOST_RECORDS, StudyRecord
from bench.wire.message import Message, decode_line
from bench.wire.messages import Accelerators, Begin, Body, Bursts, Fatal, Network, SideFailed, name_of, understood
from bench.wire.order import Order, Task, TaskKind

_ANSWERS: dict[TaskKind, tuple[type[Body], ...]] = {
    "measure": (Record,),
    "layers": (Record,),
    "export": (Artifact,),
    "pair": (Bursts, SideFailed),
    "noise": (NoiseFloor,),
    "health": (Health,),
    "probe": (Accelerators,),
    "inspect": (Network,),
    "look": (PythonEnvironment,),
    "study": (StudyRecord,),
    "accuracy": (EvaluationRecord,),
    "peak": (Ceilings,),
}

# Of an answer in pieces; an evaluation tells what is asked, then one image or more at a time.
_MOST_PIECES: dict[TaskKind, int] = {"study": MOST_RECORDS, "accuracy": 1 + MOST_IMAGES}


class WorkerTalk:
    """One worker's side of a job: about each unit a `begin` and then its answer, in unbroken sequence."""

    def __init__(self, task: Task, worker: int) -> None:
        self._answers = _ANSWERS[task.kind]
        orders = task.orders[worker : worker + 1] if task.kind == "pair" else task.orders
        self._waiting = {order.unit.id: order for order in orders}
        pieces = _MOST_PIECES.get(task.kind, 0)  # about a network, or a unit that is not timed
        self._unitless = pieces or (0 if orders else len(task.sources) or 1)  # answers that are about no unit
        self._current: Order | None = None
        self._sequence = 0

    def take(self, line: bytes) -> Message:
        """The message in a line; ProtocolError where it is none, or none that may come now."""
        said = decode_line(line)
        self._sequence += 1
        if said.seq != self._sequence:
            raise ProtocolError(f"expected message {self._sequence}, got {said.seq}")
        body = understood(said).body
        if isinstance(body, Begin):
            self._begin(said)
        elif isinstance(body, Fatal):
            self._waiting, self._current, self._unitless = {}, None, 0  # its last word
        elif isinstance(body, self._answers) and (said.unit or self._unitless):
            self._answer(said, body)
        else:
            raise ProtocolError(f"expected {' or '.join(map(name_of, self._answers))}, got {said.type}")
        return said

    def _begin(self, said: Message) -> None:
        order = self._waiting.pop(said.unit, None)
        if order is None or said.attempt != order.attempt or self._current is not None:
            raise ProtocolError("expected each unit of the job to begin once, after the one before it has ended")
        self._current = order

    def _answer(self, said: Message, body: Body) -> None:
        order, self._current = self._current, None
        if not said.unit:
            self._unitless -= 1
        elif order is None or (said.unit, said.attempt) != (order.unit.id, order.attempt):
            raise ProtocolError(f"expected {said.type} about the unit that has begun, once")
        elif isinstance(body, Record) and (body.unit, body.attempt) != (order.unit, order.attempt):
            raise ProtocolError("expected a record of the unit that was asked for")
