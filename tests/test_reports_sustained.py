"""Burst, steady, their ratio and energy, worked by hand; rank flips; what tables and pictures show of them."""

import csv
import io
import math
import random
from dataclasses import replace

import pytest

from bench.records.sustained import Sustained
from reports.plots.pictures import pictures
from reports.plots.style import style
from reports.plots.sustained_pictures import FIELDS
from reports.rank_flips import rank_flip_lines, rank_flips
from reports.results import Results
from reports.rows import rows
from reports.sustained import sustained_speed
from reports.tables.csv_table import csv_table
from reports.tables.markdown_table import markdown_table
from tests.made_up_runs import done, op, ops_run, printed
from tests.made_up_series import series, slows, sustained, sustained_run
from tests.script_by_name import script


def shuffled(*levels: float) -> Sustained:
    """A burst at 1, then a steady part whose five blocks of five windows stand at these levels."""
    return series(lambda second: 1.0 if second < 75 else levels[(second - 75) // 5])


def test_one_worker_by_hand() -> None:
    found = sustained_speed([shuffled(2.0, 2.0, 2.1, 2.0, 2.1)], batch=1)
    assert found is not None
    # Blocks: log 2 three times, log 2.1 twice: their standard deviation is log(1.05) * sqrt(0.3).
    spread, t_of_4 = math.log(1.05) * math.sqrt(0.3), 2.776445
    assert (found.burst.centre, found.steady.centre, found.slowdown.centre) == (1.0, 2.0, 2.0)
    assert found.slowdown.high == pytest.approx(2 * math.exp(t_of_4 * spread * math.sqrt(1.2)), rel=1e-5)
    assert found.slowdown.low == pytest.approx(2 / math.exp(t_of_4 * spread * math.sqrt(1.2)), rel=1e-5)
    assert found.steady.high == pytest.approx(2 * math.exp(t_of_4 * spread / math.sqrt(5)), rel=1e-5)


def test_several_workers_by_their_own_ratios() -> None:
    found = sustained_speed([series(slows(1.0, ratio, 0)) for ratio in (2.0, 2.0, 2.1)], batch=1)
    assert found is not None
    logs = [math.log(2.0), math.log(2.0), math.log(2.1)]
    mean = sum(logs) / 3
    spread = math.sqrt(sum((each - mean) ** 2 for each in logs) / 2)
    assert found.slowdown.centre == pytest.approx(math.exp(mean))
    assert found.slowdown.high == pytest.approx(math.exp(mean + 4.302653 * spread / math.sqrt(3)), rel=1e-5)
    assert len(found.series) == 3


def test_a_series_too_short_for_blocks_claims_no_interval() -> None:
    short = Sustained(windows=series(slows(1.0, 2.0)).windows[:4])
    found = sustained_speed([short], batch=1)
    assert found is not None
    assert (found.slowdown.low, found.steady.low, found.burst.low) == (None, None, None)
    assert sustained_speed([], batch=1) is None


def test_the_picture_and_the_table_mean_the_same_by_burst() -> None:
    made = series(lambda second: 1.0 + second % 2 if second < 75 else 3.0)
    even = replace(made, windows=(*made.windows[1:5], *made.windows[75:]))
    found = sustained_speed([even], batch=1)
    assert found is not None
    assert len(even.burst) % 2 == 0
    (over_burst,) = (field for field in FIELDS if field.label == "time over\nburst")
    assert over_burst.value(even, even.windows[-1]) == found.slowdown.centre


def test_energy_of_an_image_with_and_without_the_idle_floor() -> None:
    found = sustained_speed([series(slows(1.0, 2.0), watts=8.0, idle_w=3.0)], batch=4)
    assert found is not None
    # 8 J a second, ten calls of four images in it.
    assert found.energy_j == pytest.approx(8 / 40)
    assert found.above_idle_j == pytest.approx(5 / 40)
    assert (found.power_w, found.idle_w, found.meter) == (8.0, 3.0, "RAPL")


def test_a_window_that_was_not_counted_leaves_the_energy_empty() -> None:
    whole = series(slows(1.0, 2.0), watts=8.0, idle_w=3.0)
    hole = replace(whole, windows=(*whole.windows[:-1], replace(whole.windows[-1], energy_j=None)))
    found = sustained_speed([hole], batch=1)
    assert found is not None
    assert (found.energy_j, found.above_idle_j, found.power_w) == (None, None, None)


FAST_FIRST = sustained("fasternet_t0", series(slows(1.0, 2.0)))
FAST_LAST = sustained("mobilenetv2", series(slows(1.2, 1.5)))


def test_who_wins_at_first_and_who_in_the_end() -> None:
    (flip,) = rank_flips(rows(sustained_run(FAST_LAST, FAST_FIRST)))
    assert (flip.early.label, flip.late.label) == ("fasternet_t0", "mobilenetv2")
    assert flip.text == (
        "Rank flip: fasternet_t0 is faster than mobilenetv2 in the burst (1000 against 1200 ms) and slower when steady "
        "(2000 against 1500 ms)."
    )


@pytest.mark.parametrize(
    ("first", "last", "wobble"),
    [
        (1.2, 2.5, 0.001),  # slower both times
        (1.0001, 1.5, 0.001),  # level at first
        (1.2, 1.5, 0.2),  # the other way round, within the noise
    ],
)
def test_what_the_intervals_leave_open_is_no_flip(first: float, last: float, wobble: float) -> None:
    generator = random.Random(0)
    noise = [math.exp(generator.gauss(0, wobble)) for _ in range(20)]  # of five seconds each
    other = sustained("mobilenetv2", series(lambda second: (first if second < 30 else last) * noise[second // 5]))
    assert not rank_flips(rows(sustained_run(FAST_FIRST, other)))


def test_many_flips_are_cut_short() -> None:
    slow = [sustained(name, series(slows(1.2, 1.5))) for name in ("mobilenetv2", "resnet50", "convnext_b", "swin_b")]
    fast = [sustained(f"fasternet_{name}", series(slows(1.0, 2.0))) for name in ("t0", "t1", "t2")]
    lines = rank_flip_lines(rows(sustained_run(*slow, *fast)))
    assert len(lines) == 11
    assert lines[-1] == "2 more rank flips."


def test_the_row_is_steady_and_the_columns_say_the_rest() -> None:
    run = sustained_run(sustained("fasternet_t0", series(slows(1.0, 2.0, 0), watts=8.0, idle_w=3.0)), FAST_LAST)
    metered, plain = csv.DictReader(io.StringIO(csv_table(Results(run=run))))
    assert float(metered["latency_s"]) == float(metered["steady_s"]) == pytest.approx(2.0)
    assert [metered[name] for name in ("sustain_s", "burst_s", "meter", "idle_w")] == ["100", "1", "RAPL", "3"]
    assert float(metered["steady_over_burst"]) == pytest.approx(2.0)
    assert float(metered["energy_per_image_j"]) == pytest.approx(0.8)
    assert float(metered["energy_above_idle_per_image_j"]) == pytest.approx(0.5)
    assert [plain["energy_per_image_j"], plain["meter"]] == ["", "none: this machine shows none"]


def test_people_read_it_too() -> None:
    run = sustained_run(FAST_FIRST, FAST_LAST)
    shown = " ".join(printed(run).split())
    assert "steady/burst" in shown
    assert "no energy: this machine shows none" in shown
    assert "mJ/image" not in shown
    assert "Rank flip: fasternet" in shown
    assert r"| burst ms | steady/burst |" in markdown_table(Results(run=run))
    assert "burst" not in printed(ops_run([op()], [done(op(), 0.002)]))


def test_a_picture_of_what_is_known() -> None:
    run = sustained_run(FAST_FIRST, sustained("mobilenetv2", series(slows(1.2, 1.5), watts=8.0, idle_w=3.0)))
    with style():
        made = dict(pictures(Results(run=run)))
    (name,) = [each for each in made if each.startswith("sustained")]
    assert [axes.get_ylabel() for axes in made[name].axes] == ["ms a call", "time over\nburst", "power\nW"]
    assert len(made[name].axes[0].lines) == 2
    assert len(made[name].axes[2].lines) == 1  # the other has no meter
    assert any("Medians of 1.0 s;" in each.get_text() for each in made[name].texts)


@pytest.mark.parametrize("noise", ["1 % noise", "1 %, autocorrelation 0.5"])
def test_the_interval_of_one_worker_covers(noise: str) -> None:
    held, drifting, _ = script("sustained_coverage").covered("keeps its pace", noise, 150)
    assert held >= 0.9
    assert drifting < 0.05


def test_what_falls_in_the_last_quarter_is_called_drifting() -> None:
    _, drifting, _ = script("sustained_coverage").covered("slows at 260 s", "1 % noise", 20)
    assert drifting == 1.0
