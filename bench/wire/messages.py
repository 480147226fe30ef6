"""The protocol's page: every message between host, agent and worker, one frozen body for each.

A line is an envelope (bench.wire.message) around one of these bodies; `BODIES` gives each the name it travels under.

    host -> agent              start, then alive, have, file, job, cancel, bye
    agent -> host              hello, then alive, missing, stored, exit, idle, error
    worker -> agent -> host    begin, then record, artifact, bursts or side_failed; noise, health, ceilings,
                               accelerators, network, python, study ..., evaluation ...; fatal
    host -> provision          setup or clean
    provision -> host          step ..., then done or error

The envelope says which unit, in which attempt, a worker's message is about; the agent adds the worker's number.
"""

from dataclasses import dataclass, field
from typing import Literal

from bench.errors import ProtocolError
from bench.plain_text import plain_line
from bench.records.accuracy import EvaluationRecord
from bench.records.artifact import Artifact
from bench.records.ceilings import Ceilings
from bench.records.environment import Environment
from bench.records.health import Health
from bench.records.measurement import NoiseFloor
from bench.records.origin import PythonEnvironment
from bench.records.record import FailureKind, Record
from bench.records.study import StudyRecord
from bench.records.times import are_times
from bench.records.verdict import Verdict
from bench.records.workload import GivenInputs
from bench.wire.decode import decode, encode
from bench.wire.lease import Lease
from bench.wire.message import Message
from bench.wire.order import Job


@dataclass(frozen=True, kw_only=True)
class Start:
    """The host's first line: how long either side waits, and the packages whose versions it wants to know."""

    lease: Lease  # of both sides
    packages: tuple[str, ...] = ()
    device: str = ""  # as the run calls it


@dataclass(frozen=True, kw_only=True)
class Alive:
    """A heartbeat, from either side; any byte renews the lease."""


@dataclass(frozen=True, kw_only=True)
class Have:
    """Which of these files does the store have?"""

    digests: tuple[str, ...]  # SHA-256


@dataclass(frozen=True, kw_only=True)
class FilePart:
    """A piece of a file for the store. The first piece names the file by its SHA-256 and says how long it is."""

    data: str  # base64
    last: bool  # nothing follows
    digest: str = ""  # SHA-256
    size: int = 0  # bytes, of the whole file


@dataclass(frozen=True, kw_only=True)
class Cancel:
    """End the workers of the job now; `exit` and `idle` follow as ever."""


@dataclass(frozen=True, kw_only=True)
class Bye:
    """The host needs nothing more."""


@dataclass(frozen=True, kw_only=True)
class Hello:
    """The agent's first line: what the device is, its clock (seconds since 1970), the agent's process id."""

    environment: Environment  # what the device is
    clock: float
    pid: int  # of the agent


@dataclass(frozen=True, kw_only=True)
class Missing:
    """The answer to `have`: those that must be sent."""

    digests: tuple[str, ...]  # SHA-256


@dataclass(frozen=True, kw_only=True)
class Stored:
    """The piece has come; after the last one the file is whole and kept. The host sends one piece at a time."""


@dataclass(frozen=True, kw_only=True)
class Exit:
    """How a worker ended, as the agent saw it."""

    code: int  # 0 where a signal ended it
    signal: int  # 0 where it ended by itself
    oom: bool  # the kernel killed for memory meanwhile
    timed_out: bool  # the agent ended it at a unit's deadline
    peak_memory_bytes: int  # resident, of the process
    broke_wire: str = ""  # what it said that the wire format does not allow
    log: str = ""  # the end of what its libraries printed


@dataclass(frozen=True, kw_only=True)
class Idle:
    """All workers of the job have ended: the next may come."""


@dataclass(frozen=True, kw_only=True)
class Error:
    """Why the agent or the set-up gives up."""

    kind: Literal["protocol", "disk", "busy", "setup"]  # busy: another run holds the device
    message: str  # for people


@dataclass(frozen=True, kw_only=True)
class Begin:
    """The worker starts on the envelope's unit: its deadline runs from here."""


@dataclass(frozen=True, kw_only=True)
class Bursts:
    """One side of a pair: the mean seconds of an iteration in each of its turns."""

    seconds: tuple[float, ...]
    discarded: tuple[int, ...] = ()  # turns that met a throttled machine
    verdicts: tuple[Verdict, ...] = ()  # on all turns of this side

    def __post_init__(self) -> None:
        if not are_times(self.seconds):
            raise ValueError("expected positive burst times in seconds")


@dataclass(frozen=True, kw_only=True)
class SideFailed:
    """Why this side of a pair gave no bursts; `kind` unsupported skips the pair, any other fails it."""

    kind: FailureKind
    reason: str  # one line for people


@dataclass(frozen=True, kw_only=True)
class Fatal:
    """The whole task cannot be done in this process, and no other would do better."""

    kind: FailureKind  # of every unit that is left
    reason: str  # one line for people


@dataclass(frozen=True, kw_only=True)
class Accelerators:
    """The answer to a `probe`: each GPU's name and driver, and why there is none."""

    names: tuple[str, ...] = ()  # "cuda:0 NVIDIA H200, driver ..."
    reason: str = ""  # empty where there is one


@dataclass(frozen=True, kw_only=True)
class Network:
    """A network from outside the zoo, built once: what it takes, or why it cannot be built."""

    source: str  # as it was asked for
    input_shape: tuple[int, int, int] = (0, 0, 0)  # (C, H, W)
    digest: str = ""  # of its file, or of its source and weights
    batch: int = 0  # that its file or the given arrays are fixed to; 0: any
    dtype: str = ""  # that its file computes in; empty: any
    inputs: GivenInputs = field(default_factory=GivenInputs)  # what it is fed instead of what is drawn
    reason: str = ""  # empty where it can be built


@dataclass(frozen=True, kw_only=True)
class Wheel:
    """A package on its way: its file name, its size in bytes, its SHA-256. The bytes follow the order's line."""

    name: str
    size: int
    digest: str  # SHA-256

    def __post_init__(self) -> None:
        # It becomes a file of that name on the device.
        if not self.name.endswith(".whl") or "/" in self.name or self.name.startswith((".", "-")):
            raise ValueError(f"expected the plain file name of a wheel, got {self.name[:80]!r}")


@dataclass(frozen=True, kw_only=True)
class Setup:
    """Make the environment `folder` (of the home folder, or absolute), install `packages` into it, import `modules`.

    Those that are `alone` come without what they ask for.
    """

    folder: str
    packages: tuple[str, ...]
    alone: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    wheels: tuple[Wheel, ...] = ()  # in the order in which their bytes follow
    offline: bool = False  # only the wheels count; no index is asked
    index: str = ""  # one more package index for pip


@dataclass(frozen=True, kw_only=True)
class Clean:
    """Empty the cache, once no run holds the device or `lock_wait_s` have passed."""

    lock_wait_s: float = 30.0


@dataclass(frozen=True, kw_only=True)
class Step:
    """What is being done, for the user."""

    text: str  # one line


@dataclass(frozen=True, kw_only=True)
class Done:
    """The order is carried out."""


Body = (
    Start | Alive | Have | FilePart | Job | Cancel | Bye
    | Hello | Missing | Stored | Exit | Idle | Error
    | Begin | Record | Artifact | Bursts | SideFailed | NoiseFloor | Health | Ceilings | Accelerators | Network
    | PythonEnvironment | StudyRecord | EvaluationRecord | Fatal
    | Setup | Clean | Step | Done
)  # fmt: skip

BODIES: dict[str, type[Body]] = {
    "start": Start, "alive": Alive, "have": Have, "file": FilePart, "job": Job, "cancel": Cancel, "bye": Bye,
    "hello": Hello, "missing": Missing, "stored": Stored, "exit": Exit, "idle": Idle, "error": Error,
    "begin": Begin, "record": Record, "artifact": Artifact, "bursts": Bursts, "side_failed": SideFailed,
    "noise": NoiseFloor, "health": Health, "ceilings": Ceilings, "accelerators": Accelerators,
    "network": Network, "python": PythonEnvironment, "study": StudyRecord, "evaluation": EvaluationRecord,
    "fatal": Fatal,
    "setup": Setup, "clean": Clean, "step": Step, "done": Done,
}  # fmt: skip
_NAMES: dict[type, str] = {body: name for name, body in BODIES.items()}


def name_of(body: object) -> str:
    """The name that a body, or a type of one, travels under."""
    return _NAMES[body if isinstance(body, type) else type(body)]


def message(body: Body, *, unit: str = "", attempt: int = 0, run: str = "", seq: int = 0) -> Message:
    """The envelope around a body."""
    return Message(type=name_of(body), body=encode(body), unit=unit, attempt=attempt, run=run, seq=seq)


@dataclass(frozen=True, kw_only=True)
class Said:
    """A message taken in: its body, and the unit, attempt and worker that it is about."""

    body: Body
    unit: str = ""
    attempt: int = 0
    worker: int = 0


def understood(line: Message) -> Said:
    """The message with its body as one of the types above; ProtocolError where it is none of them."""
    kind = BODIES.get(line.type)
    if kind is None:
        raise ProtocolError(f"expected a known message, got {plain_line(line.type, 40)!r}")
    try:
        body = decode(kind, line.body)
    except ValueError as error:
        raise ProtocolError(f"{line.type}: {plain_line(error)}") from None
    return Said(body=body, unit=line.unit, attempt=line.attempt, worker=line.worker)
