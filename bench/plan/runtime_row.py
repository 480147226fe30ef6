"""What every other file knows of a runtime: one row of bench/plan/runtimes.py. Starts without any of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from bench.records.workload import DTYPES, LAYOUTS, PLAIN_NAME, SWITCH_WORD, Settings

_MODULE = r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*"
_REQUIREMENT = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}((==|>=|~=)[A-Za-z0-9.+*]{1,40})?"
_CAN_BE_LACKING = (*DTYPES, *LAYOUTS, *(each.name for each in fields(Settings)))


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """One row. `package` is what pip installs on a device, `module` what is imported there before a clock starts.

    `loader` is "module:function", imported in a worker alone. The function is `load(unit: Unit, model: Path | None) ->
    Loaded`: it puts the unit on `unit.threads` threads, builds or opens it, and returns its step. `model` is the
    exported .onnx file for a runtime that takes the graph, None for one that builds the PyTorch module itself
    (`bench.worker.build.build_module`). What shows only then is raised: UnsupportedError where a kernel or a compiler
    is missing (a skipped row), FallbackError where another device answered (a failed one).

    `moved` is "module:function" too, or empty where nobody can tell: `bytes_moved(unit: Unit, model: Path | None) ->
    int`, the bytes that the operations of one call read and write as the runtime executes them. It is called once the
    unit was measured, and nothing of it is timed; UnsupportedError says why it cannot tell.

    `delegated` likewise, or empty where `load` tells it or nobody can: `delegated(unit: Unit, model: Path | None) ->
    tuple[int, int]`, how many of the graph's operations its fast backend computes, of all; asked when `moved` is.

    `profiled` is "module:function" as well, or empty where it keeps no time of its parts: `profiled(unit: Unit, model:
    Path | None) -> Layers`, for `bench layers`: pieces in the order of execution, each with its time in one call, and
    calls without the profiler between those with it (`bench.worker.interleaved`).

    `ceilings` likewise, or empty where none are measured: `ceilings(visit: Visit, cpus: Sequence[int], clock: Clock) ->
    Ceilings`, for `bench peak`: matrix products of the visit's dtype on as many threads as CPUs, and a call that
    computes nothing, both under the row's name, `visit.part` (`bench.worker.peak.products` times them).

    `precision` as well, or empty where nobody can tell: `precision(unit: Unit, model: Path | None) ->
    Mapping[str, int]`, how many of its convolutions and matrix products compute in which dtype on this CPU. It is asked
    once a unit of another dtype than float32 was measured, of one without a graph before as well; where none computes
    in the unit's, the unit is skipped.

    `converter` is "module:function", or empty where the runtime takes the exported .onnx file: `convert(program: Path,
    target: Path, dtype: str) -> None` writes what the runtime opens to the one file `target`, from a network or an
    operator that `torch.export` has saved (`torch.export.load`; float32 where `float32_graph`, else of the dtype). For
    int8, where the row has no `no_int8`, it is float32 too, and `bench.worker.calibration_files:calibration_batches`
    gives what to calibrate on. It runs in a process of its own on the host, which nothing else shares; what it raises
    or prints last is the reason of the failed rows. `needs` are the packages that it takes, as pip installs them: into
    an environment of its own where they have `own_environment` (`bench runtimes setup NAME`), else beside torch. With
    `one_image` the file takes one image, whatever the batch is: the step then calls it for each.

    `switches` are what its users turn, beside the settings of all runtimes: each with its values, the usual one first;
    a unit names those that are not usual (`unit.switched`). `in_turns` are those, as "name=value", that keep
    its threads from working on while the other side of a pair takes its turn: both sides have them where there are
    several threads.

    `no_int8` goes on after its title: why it runs nothing in int8. It is empty where its `converter` quantises, and
    where the file that it opens is the .onnx graph, quantised with QuantizeLinear and DequantizeLinear
    (docs/precision.md): the inputs of convolutions and matrix products, and their outputs but for one whose kernels
    give `float_outputs` from int8 inputs.

    `beside` are packages that a device must have as well, where `package` does not bring them with it. One that is
    `alone` is installed there without what it asks for, of which nothing is used.

    `lacks` gives the reason for each dtype, layout and field of Settings that cannot be had: such a unit is skipped
    before anything runs. The step of one with `accelerator` works on torch's current CUDA stream; one without `cpu`
    computes nowhere else.
    """

    name: str
    title: str
    package: str
    module: str
    loader: str
    graph: bool  # it takes a file that was made on the host, not the PyTorch module
    moved: str = ""
    delegated: str = ""
    profiled: str = ""
    ceilings: str = ""
    precision: str = ""
    converter: str = ""
    needs: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()
    alone: bool = False
    own_environment: bool = False
    one_image: bool = False  # no file of its takes more, a step calls it for each image of a batch
    float32_graph: bool = False  # one float32 file serves all its dtypes but int8
    float_outputs: bool = False
    accelerator: bool = False
    cpu: bool = True
    switches: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    in_turns: tuple[str, ...] = ()
    no_int8: str = "is given networks and operators in floating point alone"
    lacks: Mapping[str, str] = field(default_factory=dict)
    start_s: float = 3.0  # until a fresh worker has imported it
    compile_s: float = 0.0  # more for each unit
    macs_per_s: float = 25e9  # of one thread of a present-day x86 core, whole networks

    def __post_init__(self) -> None:
        self._expect("name", PLAIN_NAME, "a plain name such as onnxruntime")
        self._expect("title", r".*\S.*", "a title for people")
        self._expect("package", PLAIN_NAME, "the name that pip installs it by")
        self._expect("module", _MODULE, "the module that is imported, such as onnxruntime")
        self._expect("loader", rf"{_MODULE}:[A-Za-z_]\w*", '"module:function"')
        for name in ("moved", "delegated", "profiled", "ceilings", "precision", "converter"):
            if getattr(self, name) != "":
                self._expect(name, rf"{_MODULE}:[A-Za-z_]\w*", '"module:function" or empty')
        for name in (each.name for each in fields(self) if each.type is bool):
            if not isinstance(getattr(self, name), bool):
                raise ValueError(f"expected {name} of {self.name} to be True or False, got {getattr(self, name)!r}")
        if not isinstance(self.no_int8, str):
            raise ValueError(f"expected no_int8 of {self.name} to be a reason or empty, got {self.no_int8!r}")
        for asked in (self.needs, self.beside):
            if not all(isinstance(each, str) and re.fullmatch(_REQUIREMENT, each) for each in asked):
                raise ValueError(
                    f"expected {self.name} to need packages as pip takes them, such as pnnx==1.0, got {asked!r}"
                )
        if (
            bool(self.needs) < self.own_environment
            or bool(self.converter) < (bool(self.needs) or self.one_image)
            or (self.converter and not self.graph)
        ):
            raise ValueError(
                f"expected a converter of {self.name} that makes a file (graph=True), and packages or one_image for it"
                f" alone, got converter {self.converter!r} and needs {self.needs!r}; give the row both"
            )
        for name, values in dict(self.switches).items():
            if len(set(values)) < 2 or not all(re.fullmatch(SWITCH_WORD, word) for word in (name, *values)):
                raise ValueError(
                    f"expected a switch of {self.name} with two values or more in small letters, got {name!r}:"
                    f" {values!r}; mend that entry of `switches`"
                )
        for text in self.in_turns:
            name, _, value = text.partition("=")
            if value not in self.switches.get(name, ()):
                raise ValueError(f"expected `in_turns` of {self.name} to be of its switches, got {text!r}; name one")
        for axis, reason in dict(self.lacks).items():
            if axis not in _CAN_BE_LACKING or not isinstance(reason, str) or not reason:
                raise ValueError(
                    f"expected {self.name} to lack some of {', '.join(_CAN_BE_LACKING)}, each with its reason,"
                    f" got {axis!r}: {reason!r}; mend that entry of `lacks`"
                )
        for name, least in (("start_s", 0), ("compile_s", 0), ("macs_per_s", 1)):
            value = getattr(self, name)
            if not isinstance(value, int | float) or not least <= value < float("inf"):
                raise ValueError(f"expected {name} of {self.name} to be {least} or more, got {value!r}; guess it")

    def _expect(self, name: str, pattern: str, what: str) -> None:
        value = getattr(self, name)
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise ValueError(f"expected {name} of a runtime to be {what}, got {value!r}; write it so")
