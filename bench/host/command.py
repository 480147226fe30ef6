"""A program of this machine, run to its end, with all that it started."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.plain_text import plain_line
from bench.system.process_group import kill_group

_LONGEST = 300


@dataclass(frozen=True, kw_only=True)
class Finished:
    """How it ended, and what it said."""

    code: int
    output: str
    errors: str

    @property
    def last_line(self) -> str:
        """Its last word about what went wrong: the last line that says error, else the last one of all."""
        lines = [line.strip() for line in f"{self.output}\n{self.errors}".splitlines() if line.strip()]
        bad = [line for line in lines if line.lower().startswith(("error", "fatal"))]
        return plain_line((bad or lines or [f"code {self.code} without a word"])[-1], _LONGEST)


def finished(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Finished:
    """Wait for it; killed with its children where the wait is interrupted. OSError where it cannot be started."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,  # Ctrl-C reaches this process alone, which then ends all of it
    )
    try:
        output, errors = process.communicate()
    finally:
        kill_group(process)
    return Finished(
        code=process.returncode, output=output.decode(errors="replace"), errors=errors.decode(errors="replace")
    )
