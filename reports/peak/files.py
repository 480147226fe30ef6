"""Ceilings as CSV and JSON: a line for each, at full precision, in SI units."""

import json
from collections.abc import Callable

from bench.records.workload import size_text
from reports.peak.report import Line, PeakReport, lines
from reports.tables.csv_table import Value, csv_text, same

# The order is a contract: new columns go at the end.
_OF_LINE: dict[str, Callable[[Line], Value]] = {
    "threads": lambda line: line.ceilings.threads,
    "asked_dtype": lambda line: line.ceilings.dtype,
    **same("kind", "runtime", "dtype"),
    "shape": lambda line: size_text(line.shape) if line.shape else "",
    **same("level", "access", "level_bytes", "set_bytes", "unit"),
    "value": lambda line: line.value.centre,
    "low": lambda line: line.value.low,
    "high": lambda line: line.value.high,
    **same("visits", "isa"),
    "taken_utc": lambda line: line.ceilings.taken_utc,
}


def csv_peak(report: PeakReport) -> str:
    """Every ceiling of the device, in each shape of a product."""
    device: dict[str, Callable[[Line], Value]] = {"device": lambda _: report.device}
    return csv_text(device | _OF_LINE, (line for each in report.ceilings for line in lines(each)))


def json_peak(report: PeakReport) -> str:
    """The device, its lines with the columns of peak.csv, and what could not be measured; ASCII."""
    made = {
        "device": report.device,
        "cpu": report.environment.cpu_model,
        "fingerprint": report.environment.fingerprint,
        "ceilings": [
            {name: value(line) for name, value in _OF_LINE.items()} for each in report.ceilings for line in lines(each)
        ],
        "unmeasured": [
            {"threads": each.threads, "dtype": each.dtype, "part": lack.part, "reason": lack.reason}
            for each in report.ceilings
            for lack in each.unmeasured
        ],
    }
    return json.dumps(made, indent=1, allow_nan=False, ensure_ascii=True) + "\n"
