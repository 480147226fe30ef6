"""ONNX Runtime on the CPU. Imports neither torch nor our operators, so a board without them runs it."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from bench.plain_text import plain_line
from bench.records.workload import Unit
from bench.system.cpuinfo import cpu_features, cpuinfo
from bench.worker.inputs import Declared, input_arrays
from bench.worker.runtimes.loaded import FallbackError, Loaded, UnsupportedError

# Where its word for an input's type is not numpy's.
_NUMPY_NAMES = {"float": "float32", "double": "float64"}
_SIZES = ("activation_size", "parameter_size", "output_size")
_VNNI = {"avx512_vnni", "avx_vnni"}  # by the kernel's names
KERNEL = "_kernel_time"  # the end of an event's name, behind that of its node


def session(
    path: Path,
    threads: int,
    switches: Mapping[str, str] | None = None,
    *,
    flush_denormal: bool = False,
    profile: Path | None = None,
    packed: bool = True,
    exact_int8: bool = False,
) -> Any:
    """A session on `threads` threads of the CPU provider; one that writes its profile to the folder `profile`.

    `switches` are those of its row in bench/plan/runtimes.py that are not as usual.

    A kernel that packs its weights takes them out of the profile; the graph stays the same where it may not. On x86
    without VNNI the sums of uint8 x int8 products overflow 16 bits: `exact_int8` has slower kernels that do not, also
    where there is VNNI (FasterNet-T0 takes 1.8 times as long on a Zen 4).

    The first session of a process decides whether its calling thread flushes denormal numbers: give all the same.
    """
    import onnxruntime as ort

    options = session_options(threads, switches or {})
    options.add_session_config_entry("session.set_denormal_as_zero", str(int(flush_denormal)))
    if profile is not None:
        options.enable_profiling = True
        options.profile_file_prefix = str(profile / "onnxruntime")
    if not packed:
        options.add_session_config_entry("session.disable_prepacking", "1")
    if exact_int8:
        options.add_session_config_entry("session.x64quantprecision", "1")
    return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def opened_for(unit: Unit, path: Path, *, profile: Path | None = None, packed: bool = True) -> Any:
    """A session as the unit wants it. A user's own quantised graph has the kernels that ONNX Runtime gives it."""
    return session(
        path,
        unit.threads,
        unit.switched,
        flush_denormal=unit.settings.flush_denormal,
        profile=profile,
        packed=packed,
        exact_int8=unit.dtype == "int8" and not cpu_features(cpuinfo()) & _VNNI,
    )


def session_options(threads: int, switches: Mapping[str, str]) -> Any:
    """Its options as the switches have them; all are named, so that no later version's own choice slips in."""
    import onnxruntime as ort

    options, levels, modes = ort.SessionOptions(), ort.GraphOptimizationLevel, ort.ExecutionMode
    options.intra_op_num_threads = threads
    parallel = switches.get("execution") == "parallel"
    options.execution_mode = modes.ORT_PARALLEL if parallel else modes.ORT_SEQUENTIAL
    options.inter_op_num_threads = threads if parallel else 1
    options.graph_optimization_level = {
        "all": levels.ORT_ENABLE_ALL,
        "extended": levels.ORT_ENABLE_EXTENDED,
        "basic": levels.ORT_ENABLE_BASIC,
        "disabled": levels.ORT_DISABLE_ALL,
    }[switches.get("graph", "all")]
    options.enable_cpu_mem_arena = switches.get("arena", "on") == "on"
    spinning = switches.get("spinning", "on")
    # Threads that wait for work spin for a while; stopped, they rest as soon as a call has ended.
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning != "off")))
    options.add_session_config_entry("session.inter_op.allow_spinning", str(int(spinning != "off")))
    options.add_session_config_entry("session.force_spinning_stop", str(int(spinning == "stop")))
    options.log_severity_level = 3  # warnings about graph shapes say nothing about speed
    return options


def load(unit: Unit, path: Path) -> Loaded:
    """Open the exported graph; raises UnsupportedError where a kernel is missing, FallbackError on another provider."""
    try:
        opened = opened_for(unit, path)
    except Exception as error:  # its exceptions share no public base class
        if "NOT_IMPLEMENTED" in str(error) or "Could not find an implementation" in str(error):
            raise UnsupportedError(f"ONNX Runtime has no kernel: {plain_line(error, 200)}") from error
        raise
    if opened.get_providers() != ["CPUExecutionProvider"]:
        raise FallbackError(f"asked for the CPU provider, got {opened.get_providers()}")
    names, inputs, run = [value.name for value in opened.get_outputs()], feed(unit, opened), opened.run
    return Loaded(
        step=lambda: run(names, inputs),
        output=lambda: run(names, inputs),
        threads=opened.get_session_options().intra_op_num_threads,
        anew=lambda: load(unit, path),
        answer=lambda images: run(names, feed(unit, opened, images)),
    )


def bytes_moved(unit: Unit, path: Path) -> int:
    """What one call's nodes read and write by ONNX Runtime's own profile, in a session of its own."""
    return sum(node_sizes(unit, path).values())


def node_sizes(unit: Unit, path: Path) -> dict[str, int]:
    """The same by node, each under the name that the profile gives it."""
    with TemporaryDirectory() as folder:
        opened = opened_for(unit, path, profile=Path(folder), packed=False)
        opened.run(None, feed(unit, opened))
        sizes: Counter[str] = Counter()
        for event in profile_of(opened):
            told = event.get("args", {})
            if event.get("cat") == "Node" and "output_size" in told:
                sizes[event["name"].removesuffix(KERNEL)] += sum(int(told[size]) for size in _SIZES)
    return sizes


def profile_of(opened: Any) -> list[dict[str, Any]]:
    """The events of a session that profiles, which ends with that."""
    events: list[dict[str, Any]] = json.loads(Path(opened.end_profiling()).read_text())
    return events


def feed(unit: Unit, opened: Any, images: Any = None) -> dict[str, Any]:
    """The unit's arrays by the names of a session's inputs; with `images` (N, C, H, W) in the place of its own."""
    found = declared_inputs(opened)
    return dict(zip((each.name for each in found), input_arrays(unit, found, images), strict=True))


def declared_inputs(opened: Any) -> list[Declared]:
    """What a session takes."""
    return [declared(value) for value in opened.get_inputs()]


def declared(value: Any) -> Declared:
    """An input or output of a session, by numpy's words."""
    word = value.type.removeprefix("tensor(").removesuffix(")")
    # An open size comes as its symbol's name, None or a negative number.
    sizes = tuple(size if isinstance(size, int) and size > 0 else 0 for size in value.shape)
    return Declared(name=value.name, dtype=_NUMPY_NAMES.get(word, word), sizes=sizes)
