"""`bench compare` of two finished runs."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from bench.cli.options import given_options
from bench.errors import EXIT_DONE, EXIT_FAILED, UsageError
from bench.journal import PLAN_NAME, check_new, read_run
from bench.plan.values import shown

_OURS = frozenset({"sides", "out", "output_format", "verbose", "no_progress"})


def finished_runs(sides: Sequence[str]) -> tuple[Path, Path] | None:
    """The folders, where the sides are runs; UsageError where one is and the other not."""
    # os.path, which takes a name that no file could have for one that none has.
    runs = [Path(side) for side in sides if os.path.isfile(Path(side) / PLAN_NAME)]  # noqa: PTH113
    if not runs:
        return None
    if len(sides) != 2 or len(runs) != 2:
        others = " and ".join(shown(side) for side in sides if Path(side) not in runs)
        beside = f"{others} without a {PLAN_NAME}" if others else f"{len(sides) - 1} more"
        raise UsageError(
            f"expected two workloads or the folders of two runs, got the run {runs[0]} beside {beside}; give two"
        )
    return runs[0], runs[1]


def compare_runs(context: click.Context, folders: tuple[Path, Path], options: dict[str, Any]) -> int:
    """Show them beside each other; exit code 3 where a cell is UNMEASURED."""
    from bench.cli.output import show, writing
    from reports.formats import two_run_formats
    from reports.runs_compared import RunsCompared
    from reports.write import write_texts

    if extra := sorted(given_options(context) - _OURS):
        name = extra[0].replace("_", "-")
        raise UsageError(f"expected --out and --format alone beside two runs, got --{name}; nothing is measured")
    formats = two_run_formats()
    if options["output_format"] not in formats:
        raise UsageError(
            f"expected --format of {', '.join(formats)} for two runs, got {options['output_format']}; choose one"
        )
    compared = RunsCompared(
        first=read_run(folders[0]), second=read_run(folders[1]), names=(str(folders[0]), str(folders[1]))
    )
    if options["out"]:
        out = Path(options["out"])
        check_new(out)
        with writing(out, f"bench compare {folders[0]} {folders[1]} --out {out}"):
            write_texts(formats.values(), compared, out)
    show(formats[options["output_format"]].shown(compared), "nothing else was written; run it again with --out")
    return EXIT_FAILED if any(made.answer == "UNMEASURED" for made in compared.cells) else EXIT_DONE
