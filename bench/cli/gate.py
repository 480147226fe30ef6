"""What `bench compare` asks of a gate, and the exit code that comes of it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bench.cache.store import usable_cache
from bench.cli.streams import tell
from bench.errors import EXIT_FAILED, EXIT_SLOWER, UsageError
from bench.host.revisions import Revisions, both_revisions, check_same_places
from bench.journal import read_plan
from bench.plan.values import shown
from bench.records.answer import GATE_MARGIN
from bench.records.pair import MOST_SLOWDOWN

if TYPE_CHECKING:
    from reports.results import Results


class SelfTest(click.ParamType[float]):
    """`noop` as 1.0, `slowdown:1.1` as 1.1."""

    name = "noop|slowdown:F"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        found = re.fullmatch(r"noop|slowdown:(\d{1,2}(?:\.\d{1,4})?)", str(value))
        factor = float(found[1] or 1) if found else 0.0
        if found is None or (found[1] and not 1 < factor <= MOST_SLOWDOWN):
            self.fail(
                f"expected noop or slowdown:F, such as slowdown:1.1, F over 1 and up to {MOST_SLOWDOWN:g},"
                f" got {shown(str(value))}",
                param,
                ctx,
            )
        return factor


def is_gate(options: dict[str, Any]) -> bool:
    """Whether each subject is held against itself; UsageError where two options don't go together."""
    revised = options["base"] is not None or options["gate"]
    if options["self_test"] is not None and revised:
        raise UsageError("expected --self-test or --base, got both; a self-test compares the working tree with itself")
    if (revised or options["self_test"] is not None) and (options["python_a"] or options["python_b"]):
        raise UsageError(
            "expected --base or --python-a and --python-b, got both; of a gate the revisions say which Python is whose"
        )
    planted, margin = options["self_test"] or 1.0, options["margin"] or GATE_MARGIN
    if 1 < planted <= 1 + margin:
        raise UsageError(
            f"expected a slowdown beyond --margin {margin:g}, got {planted:g}; plant more than {1 + margin:g}"
        )
    if options["strict"] and not options["gate"] and not options["resume"]:
        raise UsageError("expected --strict beside --gate, got it alone; without a gate nothing is stopped")
    return revised or options["self_test"] is not None


@contextmanager
def revisions(options: dict[str, Any]) -> Iterator[Revisions]:
    """Both sides that the options ask for, or the run that is resumed was planned with."""
    plan = read_plan(Path(options["resume"])) if options["resume"] else None
    planned = plan.base if plan else None
    asked = options["base"] is not None or options["gate"]
    if planned is None and (plan or not asked):
        yield Revisions()
        return

    def say(text: str) -> None:
        if not options["no_progress"]:
            tell(f"bench: {text}")

    with both_revisions(options["base"] or "", planned, Path.cwd(), usable_cache().absolute(), say) as found:
        if plan:
            check_same_places(plan, found)
        yield found


def comparison_code(results: "Results", code: int) -> int:
    """The exit code of comparisons that came to their end, `code` where nothing more is to be said."""
    from reports.gate import did_right, outcome

    plan, rows = results.run.plan, results.gated
    if planted := plan.option("self_test"):
        return code if did_right(rows, float(planted)) else EXIT_FAILED
    gate, strict = plan.flag("gate"), plan.flag("strict")
    if gate and outcome(rows, strict) == "slower":
        return EXIT_SLOWER
    undone = any(row.label == "UNMEASURED" for row in rows)
    return EXIT_FAILED if undone or (gate and outcome(rows, strict) == "unmeasured") else code
