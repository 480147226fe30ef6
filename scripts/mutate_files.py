"""Damaged files to every reader of one, seeded: what comes of each, counted by class.

    python scripts/mutate_files.py --kind journal --number 600
    python scripts/mutate_files.py --kind factory --number 100 --seed 1

Each ends as an honest result or in one line that is meant for it. Anything else (a traceback, an error that nobody
foresaw, a row without a reason, a command that hangs) is UNINTENDED, is shown, and makes the exit code 1.
"""

import argparse
import contextlib
import os
import random
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from bench.devices.file import read_devices  # noqa: E402 - the checkout is no package
from bench.errors import BenchError, UsageError  # noqa: E402
from bench.journal import read_run  # noqa: E402
from reports.formats import formats  # noqa: E402
from reports.results import Results  # noqa: E402

PROGRAM = "import sys; from bench.cli.main import main; sys.exit(main())"
HANGS_S = 300.0
UNINTENDED = "UNINTENDED"
_PROBLEM = re.compile("(expected|unknown|damaged|cannot|no secret|is (already|damaged|the name)).*")
DEVICES = """\
devices:
  pi4:
    ssh: pi@raspberrypi.local
    port: 2222
    python: ~/bench-env/bin/python
    runtimes: [onnxruntime, eager]
    threads: 2
  workstation: {ssh: gpu-box, accelerator: "cuda:1"}
"""
# What stands in a file for something else: sizes, signs, types, nesting, text that is none.
WORDS = (
    b"null", b"true", b"-1", b"0", b"1e999", b"NaN", b"9" * 400, b'"x"', b"[]", b"{}", b"[" * 14, b"\xff\xfe",
    b"\xed\xa0\x80", b"&a [*a]", b"!!python/name:os.system", b"-oProxyCommand=x", b"\r", b"\n", b"a" * 5000, b"\\ud800",
    b"\0", b"1.5",
)  # fmt: skip


def mutated(data: bytes, generator: random.Random, kinds: int = 6) -> bytes:
    """One to three changes: a bit flipped, bytes cut out or doubled, the end cut off, a value put in or replaced."""
    for _ in range(generator.randint(1, 3)):
        first, last = sorted(generator.randrange(len(data) + 1) for _ in range(2))
        last = min(last, first + 64)
        kind = generator.randrange(kinds)
        if kind == 0 and data:
            place = min(first, len(data) - 1)
            data = data[:place] + bytes([data[place] ^ 1 << generator.randrange(8)]) + data[place + 1 :]
        elif kind == 1:
            data = data[:first] + data[last:]
        elif kind == 2:
            data = data[:last] + data[first:last] + data[last:]
        elif kind == 3:
            data = data[:first]
        elif kind == 4:
            data = data[:first] + generator.choice(WORDS) + data[first:]
        elif values := list(re.finditer(rb'"[^"\n]*"|-?[0-9][0-9.e-]*|[a-z_]+', data)):
            value = generator.choice(values)
            data = data[: value.start()] + generator.choice(WORDS) + data[value.end() :]
    return data


def journals(folder: Path, generator: random.Random) -> str:
    """A run's folder, read and shown in every format."""
    run = ROOT / "docs/results/claims-cpu"
    damaged = generator.choice(["run.json", "records.jsonl"])
    for name in ("run.json", "records.jsonl"):
        data = (run / name).read_bytes()
        (folder / name).write_bytes(mutated(data, generator) if name == damaged else data)
    try:
        results = Results(run=read_run(folder))
    except UsageError as error:
        return _line(str(error))
    for row in formats().values():
        row.shown(results)
    return "read"


def devices(folder: Path, generator: random.Random) -> str:
    """A devices.yaml."""
    path = folder / "devices.yaml"
    path.write_bytes(mutated(DEVICES.encode(), generator))
    try:
        return f"read: {len(read_devices(path))} entries"
    except UsageError as error:
        return _line(str(error))


def graphs(folder: Path, generator: random.Random) -> str:
    """An .onnx file of two layers, measured by the command."""
    import numpy as np
    from onnx import TensorProto, helper, numpy_helper

    weights = numpy_helper.from_array(np.ones((4, 3, 3, 3), dtype=np.float32), "w")
    nodes = [helper.make_node("Conv", ["x", "w"], ["c"]), helper.make_node("Relu", ["c"], ["y"])]
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, (1, 3, 8, 8))
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 4, 6, 6))
    graph = helper.make_graph(nodes, "net", [given], [made], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10)
    (folder / "net.onnx").write_bytes(mutated(model.SerializeToString(), generator, generator.choice([1, 1, 3])))
    return _command(folder, "--model", "net.onnx", "--runtime", "onnxruntime")


FAULTS = (
    "raise ValueError('a\\nb\\x1b[2J' * 500)", "raise ImportError('no such thing')", "raise KeyboardInterrupt",
    "raise MemoryError", "raise RuntimeError(chr(0xd800))", "raise StopIteration", "sys.exit(3)", "os._exit(0)",
    "os.kill(os.getpid(), 11)", "os.fork()", "os.close(pipe())", "os.write(pipe(), b'rubbish')",
    "os.write(pipe(), b'x' * 3_000_000)", "os.closerange(0, 99)", "print('x' * 1_000_000)",
    "os.write(1, bytes(range(256)))", "subprocess.Popen(['sleep', '999'], start_new_session=True)",
    "(lambda f: f(f))(lambda f: f(f))", "torch.set_num_threads(2)", "torch.set_default_dtype(torch.float64)",
    "torch.set_grad_enabled(True)", "warnings.simplefilter('error')", "sys.stdout.close()", "signal.alarm(1)",
    "gc.disable()", "return 'nothing'", "return None", "return torch.nn.Identity", "random.seed(1)", "os.chdir('/')",
    "1 / 0",
)  # fmt: skip
FACTORY = """\
import gc, os, random, signal, subprocess, sys, threading, warnings
import torch
from torch import nn


def pipe():
    arguments = open("/proc/self/cmdline").read().split("\\0")
    return int(arguments[arguments.index("bench.worker") + 1])


def fault(times=[0]):
    times[0] += 1
    if times[0] > {skip}:
        {fault}


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layer = nn.Conv2d(3, 4, 3)

    def forward(self, x):
        {in_forward}
        return self.layer(x)


def make():
    torch.manual_seed(0)
    {in_build}
    return Net()
"""


def factories(folder: Path, generator: random.Random) -> str:
    """A factory with a fault: while it builds, or while its network runs, at once or later."""
    fault, in_build = generator.choice(FAULTS), generator.random() < 0.5
    call = "found = fault()\n{0}if found is not None:\n{0}    return found"
    text = FACTORY.format(
        fault=fault,
        skip=0 if in_build else generator.choice([0, 1, 2, 3, 10]),
        in_build=call.format(" " * 4) if in_build else "pass",
        in_forward="pass" if in_build else call.format(" " * 8),
    )
    (folder / "made.py").write_text(text)
    return _command(folder, "--model", "made:make", "--runtime", "eager", "--input", "16")


KINDS: dict[str, Callable[[Path, random.Random], str]] = {
    "journal": journals, "devices": devices, "onnx": graphs, "factory": factories,
}  # fmt: skip


def _command(folder: Path, *arguments: str) -> str:
    """`bench models` in that folder: its one line, or what became of its row."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "BENCH_CACHE": str(folder / "cache")}
    options = ["--quick", "--no-progress", "--format", "csv", "--out", "out"]
    try:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, "models", *arguments, *options],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=HANGS_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"{UNINTENDED}: hangs"
    said = [line for line in done.stderr.splitlines() if line.startswith("bench: ")]
    if "Traceback" in done.stderr or "bench: unexpected" in done.stderr or done.returncode not in (0, 2, 3):
        return f"{UNINTENDED}: exit {done.returncode}: {done.stderr[-500:]}"
    if done.returncode == 2:
        return _line(said[-1]) if len(said) == 1 else f"{UNINTENDED}: {done.stderr[-500:]}"
    (record,) = read_run(folder / "out").records
    if record.status != "done" and not record.reason:
        return f"{UNINTENDED}: a row without a reason"
    return f"{record.status} {record.reason_kind}".strip()


def _line(text: str) -> str:
    """The class of a message: the first words of its problem, without what is the file's own."""
    if "\n" in text or not text.isprintable():
        return f"{UNINTENDED}: not one plain line: {text[:300]!r}"
    problem = _PROBLEM.search(text)
    words = re.sub(r"'[^']*'|\S*/\S*|\S*[0-9(]\S*", "~", problem.group() if problem else text).split()
    return "refused: " + " ".join(words[:5])


def tally(kind: str, number: int, seed: int) -> tuple[Counter[str], list[str]]:
    """How many ended in each class, and those that should not have ended so."""
    counted, wrong = Counter[str](), []
    for index in range(number):
        with tempfile.TemporaryDirectory() as folder:
            try:
                found = KINDS[kind](Path(folder), random.Random(f"{kind}:{seed}:{index}"))
            except (Exception, BenchError) as error:  # noqa: BLE001 - that is what is looked for
                found = f"{UNINTENDED}: {type(error).__name__}: {str(error)[:300]}"
        counted[found.partition(": ")[0] if found.startswith(UNINTENDED) else found] += 1
        if found.startswith(UNINTENDED):
            wrong.append(f"{kind} {seed}:{index} {found}")
    return counted, wrong


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the classes and what was not intended."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", choices=list(KINDS), default="journal")
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    counted, wrong = tally(given.kind, given.number, given.seed)
    for name, count in counted.most_common():
        sys.stdout.write(f"{count:6d}  {name}\n")
    for line in wrong:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{given.number} of kind {given.kind}, {len(wrong)} unintended\n")
    return int(bool(wrong))


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main())
