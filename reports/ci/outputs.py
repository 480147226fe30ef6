"""What a GitHub action leaves of a run: `python -P -m reports.ci.outputs FOLDER STATUS`, STATUS the exit code of bench.

It writes the step's outputs and the job's summary into the files that GITHUB_OUTPUT and GITHUB_STEP_SUMMARY name,
and prints the annotations.
"""

import os
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from bench.errors import EXIT_DEVICE, EXIT_DONE, EXIT_FAILED, EXIT_SLOWER, EXIT_USAGE, BenchError
from bench.journal import read_run
from reports.ci.annotations import annotations
from reports.ci.page import summary
from reports.formats import formats_of
from reports.results import Results
from reports.write import write_texts

_VERDICTS = {
    EXIT_DONE: "pass",
    EXIT_SLOWER: "slower",
    EXIT_USAGE: "error",
    EXIT_FAILED: "unmeasured",
    EXIT_DEVICE: "unmeasured",
}
_COMMENT = "comment.md"
_NOTHING = "**bench compare did not begin, so nothing was measured.** The step's log says why.\n"


def main(folder: Path, status: int) -> None:
    """Outputs, summary and annotations; an empty count and path where there is no run in the folder."""
    results = _results(folder)
    if results and not (folder / _COMMENT).exists():  # bench was killed before it wrote its reports
        write_texts(formats_of(results.run.plan.command).values(), results, folder)
    _append("GITHUB_OUTPUT", "".join(f"{name}={value}\n" for name, value in _outputs(results, folder, status).items()))
    _append("GITHUB_STEP_SUMMARY", summary(results) if results else _NOTHING)
    sys.stdout.write(annotations(results) if results else "")


def _results(folder: Path) -> Results | None:
    try:
        return Results(run=read_run(folder))
    except BenchError:  # bench has said in the log why it wrote none
        return None


def _outputs(results: Results | None, folder: Path, status: int) -> Mapping[str, object]:
    verdict = _VERDICTS.get(status, "error")
    if results is None:
        return {"verdict": verdict, "changed": "true"}
    counts, plan = Counter(each.label for each in results.findings), results.run.plan
    gated = plan.flag("gate") or plan.option("self_test")
    return {
        "verdict": "reported" if status == EXIT_DONE and not gated else verdict,
        **{label.lower(): counts[label] for label in ("SLOWER", "GREW", "FASTER", "UNCLEAR", "UNMEASURED")},
        "changed": str(status != EXIT_DONE or bool(counts.keys() - {"SAME", "UNCLEAR"})).lower(),
        "json": folder / "compare.json",
        "markdown": folder / _COMMENT,
        "folder": folder,
    }


def _append(variable: str, text: str) -> None:
    with Path(os.environ[variable]).open("a", encoding="utf-8") as file:
        file.write(text)


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute(), int(sys.argv[2]))
