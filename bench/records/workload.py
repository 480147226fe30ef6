"""What is timed and under which settings: the types that decide a number, and their identity."""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Literal

from bench.records.calibration import Calibration
from bench.records.origin import Origin

Kind = Literal["op", "model"]
Mode = Literal["latency", "throughput"]
Effort = Literal["normal", "publish"]

FLOATS = ("float32", "float16", "bfloat16")
DTYPES = (*FLOATS, "int8")  # what was float32, quantised after training; inputs and outputs stay float32
LAYOUTS = ("nchw", "channels_last")
CACHES = ("warm", "cold")  # as the call before left them, or emptied before each call
LONGEST_SUSTAIN_S = 86_400.0
SWITCH_WORD = r"[a-z0-9][a-z0-9_.-]{0,29}"
PLAIN_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}"


def _fields(value: object) -> dict[str, object]:
    """Those of the types below that an id hashes: what is as usual leaves the ids of older runs."""
    if isinstance(value, GivenInputs):
        return {"digest": value.digest}
    usual = (_AS_PUBLISHED, _FROM_THE_SEED, OWN_WEIGHTS)
    return {name: own for name, own in vars(value).items() if own not in usual}


_JSON = json.JSONEncoder(sort_keys=True, separators=(",", ":"), allow_nan=False, default=_fields)


@dataclass(frozen=True, kw_only=True)
class OperatorArguments:
    """The arguments of a bare operator; `ratio` is a fraction written as text ("1/4")."""

    kernel: int
    groups: int
    ratio: str
    dilation: int
    stride: int
    implementation: str
    selection: str
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class NetworkChanges:
    """What of a network is not as published, by axis; empty or 0 where it is. `ratio` is a fraction as text ("1/8")."""

    ratio: str = ""
    norm: str = ""
    activation: str = ""
    dilation: int = 0
    selection: str = ""


@dataclass(frozen=True, kw_only=True)
class GivenInputs:
    """Arrays that take the place of those drawn from the seed; none where both are empty.

    source: the path of an .npz or .npy file, or a factory's `package.module:example_inputs`; it decides no number.
    digest: SHA-256 of the arrays in the order of the network's inputs, as bench.worker.kept_inputs writes them.
    """

    source: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if bool(self.source) != bool(self.digest) or not re.fullmatch("([0-9a-f]{64})?", self.digest):
            raise ValueError(
                f"expected arrays by their source and SHA-256, got {self.source[:60]!r} and {self.digest[:80]!r}"
            )


_AS_PUBLISHED, _FROM_THE_SEED = NetworkChanges(), GivenInputs()


@dataclass(frozen=True, kw_only=True)
class Checkpoint:
    """A file of weights for a network: its path, and the SHA-256 that tells it from another one there."""

    path: str = ""
    digest: str = ""

    def __post_init__(self) -> None:
        if bool(self.path) != bool(self.digest):
            raise ValueError(f"expected the path and the digest of a checkpoint, got {self.path!r} and {self.digest!r}")


OWN_WEIGHTS = Checkpoint()


@dataclass(frozen=True, kw_only=True)
class ModelArguments:
    """Where a network comes from.

    `source` is a name of the zoo, `timm:NAME`, `torchvision:NAME`, `package.module:factory` or an .onnx path.
    """

    source: str
    fused: bool = True
    form: str = ""  # "" = as published; "fast" = our inference form
    seed: int = 0
    digest: str = ""  # of an .onnx file, or of a factory's source and weights: another one is another workload
    batch: int = 0  # that an .onnx file or the given arrays are fixed to; 0: any
    dtype: str = ""  # that an .onnx file computes in; empty: any
    changes: NetworkChanges = field(default_factory=NetworkChanges)
    inputs: GivenInputs = field(default_factory=GivenInputs)
    checkpoint: Checkpoint = field(default_factory=Checkpoint)  # where its weights are a file's


@dataclass(frozen=True, kw_only=True)
class Workload:
    """One operator or network at one input size; `input_shape` is (C, H, W) of one image."""

    kind: Kind
    name: str
    input_shape: tuple[int, int, int]
    variant: str = ""
    stack: int | None = None
    operator: OperatorArguments | None = None
    model: ModelArguments | None = None

    def __post_init__(self) -> None:
        if (self.kind == "op") != (self.operator is not None) or (self.kind == "model") != (self.model is not None):
            raise ValueError(f"expected {self.kind} arguments alone in workload {self.name!r}")
        if len(self.input_shape) != 3 or min(self.input_shape) < 1:
            raise ValueError(f"expected a positive (C, H, W), got {self.input_shape}")

    @property
    def given(self) -> str:
        """The digest of the arrays that it is fed; empty where they are drawn from the seed."""
        return self.model.inputs.digest if self.model is not None else ""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What decides a number beside the axes: global switches, set, read back and restored around a unit.

    sustain_s: for how long a worker is kept busy to see burst and steady speed; 0: until its median is known.
    """

    tf32: bool = False
    cudnn_benchmark: bool = True
    flush_denormal: bool = False
    cuda_graph: bool = False
    cold_cache: bool = False
    realtime: bool = False  # the worker runs at real-time priority, as bench.system.priority has it
    sustain_s: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.sustain_s <= LONGEST_SUSTAIN_S:
            raise ValueError(f"expected sustain_s of 0 to {LONGEST_SUSTAIN_S:.0f}, got {self.sustain_s}")


@dataclass(frozen=True, kw_only=True)
class Unit:
    """The smallest thing that is planned, run and recorded: one cell in one round on one device.

    Its `id` hashes everything that decides its number, so equal ids mean comparable numbers.
    """

    workload: Workload
    runtime: str
    dtype: str
    layout: str
    batch: int
    threads: int
    device: str
    mode: Mode
    round: int
    effort: Effort = "normal"
    seed: int = 0
    settings: Settings = field(default_factory=Settings)
    allocator: str = "system"  # what malloc does with freed memory, a name of bench.system.allocator; older runs' own
    switches: tuple[str, ...] = ()  # of the runtime, "graph=basic", by name: those that are not as usual
    calibration: Calibration = field(default_factory=Calibration)  # of an int8 unit
    accelerator: str = ""  # "" is the CPU, else "cuda:N"
    origin: Origin = field(default_factory=Origin)  # of its packages, and of a user's own network
    code_version: str = ""
    fingerprint: str = ""  # of the device; empty where it was never reached

    def __post_init__(self) -> None:
        # Whether there is such a runtime is the plan's to say: what one measured is still reported when it is gone.
        plain = all(re.fullmatch(PLAIN_NAME, name) for name in (self.runtime, self.allocator))
        if not plain or self.dtype not in DTYPES or self.layout not in LAYOUTS:
            raise ValueError(
                f"expected plain names of a runtime and an allocator, dtype of {DTYPES} and layout of {LAYOUTS}, "
                f"got {self.runtime!r}, {self.allocator!r}, {self.dtype!r}, {self.layout!r}"
            )
        names = [name for name, _ in map(_switch, self.switches)]
        if names != sorted(set(names)):
            raise ValueError(f"expected each switch once, by name, got {self.switches}")
        if self.calibration.digest and self.dtype != "int8":
            raise ValueError(f"expected a calibration of an int8 unit alone, got one of {self.dtype}")
        if self.batch < 1 or self.threads < 1 or self.round < 0:
            raise ValueError(
                f"expected batch >= 1, threads >= 1 and round >= 0, got {self.batch}, {self.threads}, {self.round}"
            )

    @cached_property
    def id(self) -> str:
        """16 hex digits: the hash of all fields; origin, switches and calibration where they are not the usual ones."""
        own = {each.name: getattr(self, each.name) for each in fields(self)}
        del own["calibration"]
        if self.calibration.digest:
            own["calibration"] = self.calibration.digest
        if self.origin == Origin():
            del own["origin"]
        if not self.switches:
            del own["switches"]
        return hashlib.sha256(_JSON.encode(own).encode()).hexdigest()[:16]

    @property
    def switched(self) -> dict[str, str]:
        """The switches of the runtime that are not as usual, by name."""
        return dict(map(_switch, self.switches))

    @property
    def graph_dtype(self) -> str:
        """In which its network is built, exported and fed: an int8 one is quantised afterwards."""
        return "float32" if self.dtype == "int8" else self.dtype

    @cached_property
    def cell(self) -> str:
        """The id that all rounds of one table row share."""
        return replace(self, round=0).id


def _switch(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not re.fullmatch(SWITCH_WORD, name) or not re.fullmatch(SWITCH_WORD, value):
        raise ValueError(f"expected a switch as NAME=VALUE in small letters, got {text[:80]!r}")
    return name, value


def size_text(shape: Sequence[int]) -> str:
    """`96x56x56`."""
    return "x".join(map(str, shape))


def rivals(unit: Unit) -> tuple[str, tuple[int, ...], int]:
    """What a unit shares with those that do the same work: operators of one size, or networks, of one batch."""
    size = unit.workload.input_shape if unit.workload.kind == "op" else ()
    return unit.workload.kind, size, unit.batch


def describe(unit: Unit) -> str:
    """A unit in a few words, for people."""
    parts = [unit.workload.name, unit.workload.variant, size_text(unit.workload.input_shape), unit.runtime]
    return " ".join(filter(None, parts)) + f", round {unit.round + 1}"
