"""All that was found on a device, row by row, and what it comes to."""

from bench.host.doctor import Examination
from bench.records.pair import FEWEST_PAIRS
from reports.doctor.check import Finding
from reports.doctor.checks import CHECKS
from reports.doctor.pairs import visible_change
from reports.numbers import about_percent


def findings(examined: Examination) -> tuple[Finding, ...]:
    """All rows, in the order of `CHECKS`; one more where something could not be looked at."""
    made = [found for check in CHECKS if (found := check.finding(examined)) is not None]
    if examined.reason:
        made.append(Finding(name="missing", found=examined.reason, state="wrong", advice="mend it and look again"))
    return tuple(made)


def verdict(examined: Examination) -> str:
    """Fit or not, in words."""
    wrong = [f"{row.name} ({row.found})" for row in findings(examined) if row.state == "wrong"]
    if wrong:
        return f"not fit to measure: {'; '.join(wrong)}"
    change = visible_change(examined, 60)
    if change is None:
        return f"fit, but {FEWEST_PAIRS} pairs take more than a minute here: no change can be seen in one"
    return f"fit to see changes of about {about_percent(change)} in a minute"


def is_fit(examined: Examination) -> bool:
    """Whether nothing was found that makes numbers wrong."""
    return all(row.state != "wrong" for row in findings(examined))
