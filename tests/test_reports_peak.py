"""What `bench peak` shows: every ceiling in the files, the best ones in the tables, a roof for each on the picture."""

import csv
import io
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.records.ceilings import Unmeasured
from reports.formats import peak_formats
from reports.peak.picture import peak_pictures
from reports.peak.report import PeakReport
from reports.peak.write import write_peak
from tests.made_up import environment
from tests.made_up_ceilings import BFLOAT16, FLOAT32

HOSTILE = "<b>\x1b]0;owned\x07|=1+1"
REPORT = PeakReport(device="cpu", environment=environment(), ceilings=(FLOAT32, BFLOAT16))


def printed(report: PeakReport) -> str:
    """What a terminal of a hundred columns shows."""
    file = io.StringIO()
    Console(width=100, file=file).print(peak_formats()["table"].shown(report))
    return file.getvalue()


def hostile() -> PeakReport:
    gemm = replace(FLOAT32.gemms[0], isa=HOSTILE)
    found = replace(FLOAT32, gemms=(gemm,), taken_utc=HOSTILE, unmeasured=(Unmeasured(part=HOSTILE, reason=HOSTILE),))
    return PeakReport(device=HOSTILE, environment=replace(environment(), cpu_model=HOSTILE), ceilings=(found,))


def test_the_csv_has_a_line_for_each_ceiling() -> None:
    lines = list(csv.DictReader(io.StringIO(peak_formats()["csv"].text(REPORT))))
    assert len(lines) == sum(len(c.gemms) + len(c.bandwidths) + 2 for c in REPORT.ceilings)
    product = lines[0]
    assert (product["kind"], product["runtime"], product["shape"]) == ("product", "eager", "256x256x256")
    assert (product["value"], product["unit"], product["visits"], product["low"]) == ("1e+11", "MAC/s", "3", "")
    memory = next(line for line in lines if line["kind"] == "memory")
    assert (memory["level"], memory["access"], memory["level_bytes"], memory["value"]) == (
        "L2",
        "read",
        "1048576",
        "4e+10",
    )
    assert {line["kind"] for line in lines} == {"product", "memory", "page_fault", "call"}


def test_json_says_what_was_not_measured() -> None:
    made = json.loads(peak_formats()["json"].text(REPORT))
    assert made["unmeasured"][0] == {
        "threads": 1,
        "dtype": "float32",
        "part": "openvino",
        "reason": "openvino is not installed there",
    }
    assert len(made["ceilings"]) == len(peak_formats()["csv"].text(REPORT).splitlines()) - 1


def test_the_table_has_the_best_of_each_runtime_and_says_what_nobody_told() -> None:
    shown = printed(REPORT)
    assert "float32, 1 thread, taken 2026-01-01T00:00:00Z" in shown
    assert shown.index("eager") < shown.index("numpy"), "the fastest first"
    assert "MKL AVX-512" in shown
    assert "not known" in shown
    assert "page fault: 0.500 us" in shown
    assert "empty call: eager 1.00 us" in shown
    assert "not measured: openvino: openvino is not installed there" in shown
    assert max(map(len, shown.splitlines())) <= 100
    pipe = peak_formats()["markdown"].text(REPORT)
    assert "| eager | 100 |" in pipe
    assert "| L2 | 1 MiB | 40.0 |" in pipe


def test_a_devices_words_cannot_steer_what_shows_them(tmp_path: Path) -> None:
    for name in peak_formats():
        shown = printed(hostile()) if name == "table" else peak_formats()[name].text(hostile())
        assert not {"\x1b", "\x07"} & set(shown)
    assert "<b>" not in peak_formats()["markdown"].text(hostile())
    for line in csv.reader(io.StringIO(peak_formats()["csv"].text(hostile()))):
        assert not any(cell.startswith("=") for cell in line)
    assert (tmp_path / "out/roofline.png") in write_peak(hostile(), tmp_path / "out")


def test_a_picture_for_each_thread_count_that_has_roofs() -> None:
    two = tuple(replace(each, threads=2) for each in REPORT.ceilings)
    bare = replace(FLOAT32, threads=4, gemms=())
    names = [name for name, _ in peak_pictures(replace(REPORT, ceilings=(*REPORT.ceilings, *two, bare)))]
    assert names == ["roofline-threads1", "roofline-threads2"]
    ((name, figure),) = peak_pictures(REPORT)
    assert name == "roofline"
    (axes,) = figure.axes
    texts = [text.get_text() for text in axes.texts]
    assert texts == ["L2 40.0 GB/s", "DRAM 10.0 GB/s", "float32 100 GMAC/s", "bfloat16 200 GMAC/s"]


def test_a_roof_meets_its_ridge() -> None:
    ((_, figure),) = peak_pictures(replace(REPORT, ceilings=(FLOAT32,)))
    points: Any = figure.axes[0].lines[0].get_xydata()
    assert points[-1].tolist() == [100 / 40, 100], "MACs per byte where memory feeds the products just as fast"


def test_nothing_measured_is_said() -> None:
    empty = replace(REPORT, ceilings=(replace(FLOAT32, gemms=(), bandwidths=(), overheads=(), page_fault_s=()),))
    assert not empty.measured
    assert "not measured: openvino" in printed(empty)
    assert list(peak_pictures(empty)) == []
