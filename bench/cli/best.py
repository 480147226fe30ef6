"""`bench best`."""

from pathlib import Path

import click

from bench.cli.streams import tell
from bench.errors import EXIT_DONE, UsageError


@click.command()
@click.argument("run", type=click.Path(file_okay=False, path_type=Path), metavar="RUN")
@click.argument("conditions", default="", required=False)
@click.option("--device", default="", help="One device of the run; all where none is named.")
@click.option("--undistilled", is_flag=True, help="Leave out what was trained with a teacher: recipe=plain.")
@click.option("-v", "--verbose", is_flag=True, help="Show tracebacks.")
def best(run: Path, conditions: str, device: str, undistilled: bool, verbose: bool) -> int:
    """Which network to take, by conditions, from a finished run of bench models.

    \b
      bench best results/models "top1>=75% latency<=20ms peak_memory<=200MB"
      bench best results/models "latency<=30ms runtime=onnxruntime" --device pi4

    A row meets a condition where its whole 95% interval does. What may or may not is listed as undecided, with what
    would decide it; the front is what no other row beats in both accuracy and time by the middle of its interval, open
    what cannot be told from it.
    """
    from bench.cli.console import stdout_console
    from bench.journal import read_run
    from reports.best.choice import choices
    from reports.best.condition import conditions as parsed
    from reports.best.text import best_table, plain_lines
    from reports.results import Results
    from reports.tables.rich_table import rich_table

    asked = parsed(f"{conditions} recipe=plain" if undistilled else conditions)
    found = choices(Results(run=read_run(run)), asked, device)
    if not found:
        where = f" on {device}" if device else ""
        raise UsageError(f"expected a run with networks{where}, {run} has none; name a run of bench models")
    console = stdout_console()
    for choice in found:
        if choice.meeting:
            console.print(rich_table(best_table(choice)))
        for line in plain_lines(choice):
            tell(line)
    return EXIT_DONE
