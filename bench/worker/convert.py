"""A network in the file that a runtime opens, made from what torch exports by the runtime's own converter.

The converter has a process of its own, of its own environment where it needs one: what it prints, leaves behind or
dies of is its own.
"""

import os
import pkgutil
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from bench.plain_text import plain_line
from bench.plan.runtimes import Runtime
from bench.worker.calibration_files import keep_batches

if TYPE_CHECKING:
    import torch
    from torch import nn

    from bench.worker.calibration_files import Batch

_LAST_LINES, _LONGEST = 3, 400


def convert(
    row: Runtime,
    module: "nn.Module",
    example: "Sequence[torch.Tensor]",
    dtype: str,
    target: Path,
    python: str,
    calibration: "Iterable[Batch]" = (),
) -> None:
    """Write `module`, traced with its inputs `example` (whose sizes become fixed), to `target` with that Python.

    `module` is the exported form, which gets the dtype; for int8 it stays in float32, and the converter finds the
    batches of `calibration`. ValueError with the converter's last lines where it fails.
    """
    import torch

    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".convert-") as folder:
        program = Path(folder, "network.pt2")
        if dtype == "int8":
            keep_batches(program, calibration)
        network = module.to(torch.float32 if dtype == "int8" else getattr(torch, dtype)).eval()
        with torch.no_grad():
            torch.export.save(torch.export.export(network, tuple(example)), program)
        made = Path(folder, "made")
        command = [python or sys.executable, "-W", "ignore", "-m", __name__]
        command += [row.converter, str(program), str(made), dtype]
        own = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
        done = subprocess.run(command, cwd=folder, env=own, capture_output=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode or not made.is_file():
            said = done.stderr.decode(errors="replace") or done.stdout.decode(errors="replace")
            raise ValueError(f"{row.title}'s converter ended with {done.returncode}: {_last_lines(said)}")
        made.replace(target)


def _last_lines(said: str) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return plain_line(" / ".join(lines[-_LAST_LINES:]) or "it said nothing", _LONGEST)


def main() -> None:
    """`python -m bench.worker.convert module:function PROGRAM TARGET DTYPE`."""
    name, program, target, dtype = sys.argv[1:]
    try:
        pkgutil.resolve_name(name)(Path(program), Path(target), dtype)
    except Exception as error:  # noqa: BLE001 - a converter may raise anything; where is not what the user is told
        sys.exit("".join(traceback.format_exception_only(error)))


if __name__ == "__main__":
    main()
