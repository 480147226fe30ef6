"""What `bench doctor` makes of what was found: each row good, a warning or wrong, and the smallest change in view."""

import io
import json
import math
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from bench.host.doctor import Examination
from bench.records.device import Device
from bench.records.health import ProcessUse
from bench.records.measurement import NoiseFloor
from bench.records.pair import Pair, PairRecord
from reports.doctor.findings import findings, is_fit, verdict
from reports.doctor.pairs import visible_change
from reports.doctor.text import json_doctor, terminal_doctor
from tests.made_up import environment, unit
from tests.made_up_health import HEALTH

QUIET = NoiseFloor(
    timer_overhead_s=5e-8, timer_resolution_s=1e-8, spin_samples_s=(1.0, 1.01), gemm_samples_s=(1.0,), gemm_size=256
)
HOSTILE = "\x1b]0;owned\x07\u202e[red]"


def pairs(seconds: float, *log_ratios: float) -> tuple[PairRecord, ...]:
    one = Pair(first=unit(), second=unit())
    return tuple(
        PairRecord(pair=one, attempt=1, status="done", first_s=(1.0,), second_s=(math.exp(each),), seconds=seconds)
        for each in log_ratios
    )


WELL = Examination(
    device=Device(name="cuda", accelerator="cuda:0"),
    environment=environment(),
    health=HEALTH,
    noise=QUIET,
    workload=unit(),
    pairs=pairs(5.0, 0.01, -0.01, 0.01, -0.01),
)


def sick(**changes: Any) -> Examination:
    """The same device, but for these fields of its health, or of a part of it as `part__field`."""
    health = HEALTH
    for name, value in changes.items():
        part, _, field = name.partition("__")
        value = replace(getattr(health, part), **{field: value}) if field else value
        health = replace(health, **{part: value})
    return replace(WELL, health=health)


def state(examined: Examination, name: str) -> str:
    """Of that row; empty where there is none."""
    return next((row.state for row in findings(examined) if row.name == name), "")


def test_nothing_speaks_against_a_device_that_is_well() -> None:
    rows = findings(WELL)
    assert {row.state for row in rows} == {"good"}
    assert not any(row.advice for row in rows)
    assert len(rows) > 20
    assert is_fit(WELL)
    assert verdict(WELL).startswith("fit to see changes of about 0.7")


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("timer", {"tuning__clock_source": "hpet"}, "warning"),
        ("governor", {"tuning__governor": "performance,schedutil"}, "warning"),
        ("governor", {"tuning__governor": ""}, ""),
        ("boost", {"tuning__boost": True}, "warning"),
        ("boost", {"tuning__boost": None}, ""),
        ("clock", {"threads__frequency_hz": 1_790_000_000}, "warning"),
        ("clock", {"threads__frequency_hz": 1_800_000_000}, "good"),
        ("heat", {"temperature_c": 75.0}, "warning"),
        ("heat", {"throttle_flags": 0x50000}, "warning"),
        ("heat", {"throttle_flags": 0x4}, "wrong"),
        ("heat", {"throttle_flags": None, "temperature_c": None}, ""),
        ("steal", {"load__steal_percent": 1.1}, "warning"),
        ("load", {"load__others_percent": 5.1}, "warning"),
        ("threads", {"threads__worked": 1}, "warning"),
        ("threads", {"threads__share": 0.89}, "warning"),
        ("threads", {"threads__outside": (7,)}, "wrong"),
        ("hyper-threads", {"threads__siblings": (2, 3)}, "warning"),
        ("NUMA", {"tuning__numa_nodes": 1}, ""),
        ("memory", {"tuning__memory_available_bytes": 999_999_999}, "warning"),
        ("memory", {"tuning__memory_available_bytes": 0}, "warning"),
        ("swap", {"tuning__swap_used_bytes": 1}, "warning"),
        ("swap", {"tuning__swap_bytes": 0}, ""),
        ("allocator", {"allocators": ("system", "retained")}, "warning"),
        ("huge pages", {"tuning__huge_pages": "never"}, "warning"),
        ("page fault", {"page_fault_s": 1.1e-6}, "warning"),
        ("ASLR", {"tuning__aslr": 0}, "warning"),
        ("GPU persistence", {"gpus": (replace(HEALTH.gpus[0], persistence=False),)}, "warning"),
        ("GPU power", {"gpus": (replace(HEALTH.gpus[0], power_limit_w=300.0),)}, "warning"),
        ("GPU throttling", {"gpus": (HEALTH.gpus[0], replace(HEALTH.gpus[0], clock_reasons=0x20))}, "wrong"),
        ("GPU throttling", {"gpus": (replace(HEALTH.gpus[0], clock_reasons=0x4),)}, "good"),
    ],
)
def test_one_thing_at_a_time(name: str, changes: dict[str, Any], expected: str) -> None:
    examined = sick(**changes)
    assert state(examined, name) == expected
    advised = [row.name for row in findings(examined) if row.advice]
    assert advised == ([name] if expected in ("warning", "wrong") else [])
    assert is_fit(examined) is (expected != "wrong")


@pytest.mark.parametrize(
    ("quota", "stopped", "expected"), [(None, 0.0, ""), (2.0, 0.0, "warning"), (2.0, 0.2, "wrong"), (0.5, 0.0, "wrong")]
)
def test_a_quota_that_stops_a_worker_makes_numbers_wrong(quota: float | None, stopped: float, expected: str) -> None:
    examined = replace(sick(threads__stopped_s=stopped), environment=replace(environment(), cpu_quota=quota))
    assert state(examined, "quota") == expected
    if expected == "wrong":
        assert verdict(examined).startswith(f"not fit to measure: quota ({quota:g} CPUs on average")


def test_a_cpus_examination_says_nothing_of_gpus() -> None:
    assert not [row for row in findings(replace(WELL, device=Device(name="cpu"))) if row.name.startswith("GPU")]


def test_what_could_not_be_looked_at_is_a_row_and_makes_it_unfit() -> None:
    examined = Examination(device=WELL.device, environment=environment(), reason="its worker died")
    assert state(examined, "missing") == "wrong"
    assert verdict(examined) == "not fit to measure: missing (its worker died)"


def test_the_smallest_change_by_hand() -> None:
    """Twelve pairs of 5 s in a minute: t(0.975, 11) = 2.200985, s = 0.01 x sqrt(4/3), so 0.0073365 in logarithms."""
    change = visible_change(WELL, 60)
    assert change == pytest.approx(math.expm1(2.200985 * 0.01 * math.sqrt(4 / 3) / math.sqrt(12)), rel=1e-5)
    assert visible_change(WELL, 19.9) is None  # three pairs have no interval
    assert visible_change(replace(WELL, pairs=pairs(5.0, 0.1)), 60) is None


def test_a_device_too_slow_for_four_pairs_a_minute_sees_nothing() -> None:
    slow = replace(WELL, pairs=pairs(16.0, 0.01, -0.01))
    (row,) = (row for row in findings(slow) if row.name == "visible")
    assert (row.state, row.found) == ("warning", "nothing in 15 s, nothing in 60 s")
    assert verdict(slow) == "fit, but 4 pairs take more than a minute here: no change can be seen in one"


def test_hostile_words_stay_text() -> None:
    examined = sick(
        load__others_percent=50.0, load__processes=(ProcessUse(name=HOSTILE, percent=9.0),), tuning__governor=HOSTILE
    )
    examined = replace(examined, environment=replace(environment(), cpu_model=HOSTILE), reason=HOSTILE)
    console = Console(width=100, record=True, file=io.StringIO())
    console.print(terminal_doctor(examined))
    shown = console.export_text() + json.loads(json_doctor(examined))["verdict"]
    assert not {"\x1b", "\x07", "\u202e"} & set(shown)
    assert r"\x1b]0;owned\x07\u202e[red]" in shown


def test_json_has_the_rows_and_the_verdict() -> None:
    made = json.loads(json_doctor(sick(load__others_percent=50.0)))
    assert made["fit"] is True
    assert made["visible_change_15_s"] is None
    assert made["visible_change_60_s"] == pytest.approx(visible_change(WELL, 60))
    (load,) = [row for row in made["findings"] if row["name"] == "load"]
    assert load == {
        "name": "load",
        "found": "others use 50% of the CPUs: cron 1% of one",
        "state": "warning",
        "advice": "end or stop them (kill -STOP PID), or take their place: --priority realtime",
    }
