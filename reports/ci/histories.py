"""The second side's latencies for those who keep histories: github-action-benchmark and Bencher.

What was not measured is left out, since neither knows a gap.
"""

import json
from typing import Any

from bench.statistics import Interval
from reports.ci.finding import Finding
from reports.numbers import MILLI, plus_minus
from reports.results import Results
from reports.untrusted import visible

NANO = 1e-9  # Bencher's own measure `latency` counts nanoseconds


def smaller_is_better(results: Results) -> str:
    """`customSmallerIsBetter` of github-action-benchmark: milliseconds a call, the interval as range."""
    return _json([_entry(each, each.latency) for each in results.findings if each.latency])


def bencher(results: Results) -> str:
    """Bencher Metric Format: nanoseconds a call with the bounds of the interval."""
    return _json(
        {each.name: {"latency": _metric(each.latency)} for each in results.findings if each.latency is not None}
    )


def _entry(finding: Finding, latency: Interval) -> dict[str, Any]:
    return {
        "name": finding.name,
        "unit": "ms",
        "value": latency.centre / MILLI,
        "range": plus_minus(latency),
        "extra": visible(finding.line, 900),
    }


def _metric(latency: Interval) -> dict[str, float]:
    bounds = {"value": latency.centre, "lower_value": latency.low, "upper_value": latency.high}
    return {name: seconds / NANO for name, seconds in bounds.items() if seconds is not None}


def _json(table: object) -> str:
    return json.dumps(table, indent=1, allow_nan=False, ensure_ascii=True) + "\n"
