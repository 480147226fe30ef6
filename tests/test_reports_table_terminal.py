"""The table on a terminal: a line a row, whole numbers, nothing left unsaid."""

from dataclasses import replace

import pytest

from reports.results import Results
from reports.tables.markdown_table import markdown_table
from reports.tables.noise_floor import noise_lines
from tests.made_up_runs import (
    QUIET,
    axes_run,
    done,
    environment,
    failed,
    models_run,
    net,
    op,
    ops_run,
    paired,
    printed,
    table1_run,
)


def test_the_terminal_table_fits_and_tells() -> None:
    text = printed(table1_run(rounds=2, fail="gconv"))
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "Test CPU, 2 cores, torch 2.13.0" in text
    assert "71.3" in text  # twice the paper's 35.67 ms
    assert "4 rows of gconv: the step took longer" in text
    assert "6.22x" in text


def test_a_quick_table_says_that_it_has_no_interval() -> None:
    text = printed(table1_run(rounds=1))
    assert "one round: no interval can be claimed" in " ".join(text.split())
    assert "unreplicated" in text


def test_markup_from_a_device_stays_text_on_the_terminal() -> None:
    text = printed(ops_run([op()], [failed(op(), "[red]boo[/red] \x1b[2J")], environment(cpu="[b]x[/b]")))
    assert "[red]boo[/red] \\x1b[2J" in text
    assert "[b]x[/b]" in text


def test_a_narrow_terminal_spares_columns_but_crops_no_number() -> None:
    text = printed(table1_run(), width=50)
    assert "GB/s" not in text.splitlines()[1]
    assert "GB/s, GMACs: in table.csv" in " ".join(text.split())
    assert max(len(line) for line in text.splitlines()) <= 50
    assert "71.3" in text
    assert "…" not in text


@pytest.mark.parametrize("rounds", [1, 2])
def test_many_axes_take_a_line_a_row_at_100_columns(rounds: int) -> None:
    run = axes_run(rounds)
    lines = printed(run).splitlines()
    assert max(len(line) for line in lines) <= 100
    head = next(index for index, line in enumerate(lines) if line.startswith("operator"))
    body = lines[head + 2 : head + 2 + 48 + 7]
    # 48 rows in 8 groups (operator, runtime, threads) of six, a blank line between them; no cell is folded.
    assert [not line.strip() for line in body] == ([False] * 6 + [True]) * 7 + [False] * 6
    assert all(line.startswith(("dwconv+pwconv", "pconv")) for line in body if line.strip())
    assert lines[head].split()[:5] == ["operator", "runtime", "thr", "dtype", "layout"]
    assert sum(line.split()[4] == "NHWC" for line in body if line.strip()) == 24
    told = " ".join(" ".join(lines).split())
    assert "thr: threads, NHWC: channels_last" in told
    assert "8 rows of onnxruntime, bfloat16: no bfloat16 kernels" in told
    assert "size 32x14x14, mode latency" in told  # what does not vary is said once


def test_what_is_left_out_of_the_table_or_the_pictures_is_said() -> None:
    told = " ".join(printed(axes_run(2), width=80).split())
    assert "GB/s, GMACs: in table.csv, the terminal is narrow" in told
    assert "Pictures: settings-*.png shows all 20 combinations of settings. A run with fewer" in told
    assert "Pictures" not in printed(table1_run())
    assert "No picture: one operator at one size" in printed(ops_run([op()], [done(op(), 0.001)]))


def test_networks_stand_side_by_side_for_each_runtime() -> None:
    names = ["fasternet_t0", "mobilevit_xxs", "mobilenetv2"]
    records = [
        done(replace(net(name), runtime=runtime), 0.01) for name in names for runtime in ("eager", "onnxruntime")
    ]
    lines = printed(models_run(records)).splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("model"))
    body = [line.split()[:3] for line in lines[head + 2 : head + 9]]
    eager, other = body[:3], body[4:]
    assert body[3] == []
    assert [cells[0] for cells in eager] == [cells[0] for cells in other] == names
    assert {cells[2] for cells in eager} == {"eager"}
    assert {cells[2] for cells in other} == {"onnxruntime"}


def test_two_rows_a_group_need_no_blank_lines() -> None:
    records = [
        done(replace(net(name), runtime=runtime), 0.01)
        for name in ("fasternet_t0", "mobilevit_xxs")
        for runtime in ("eager", "onnxruntime")
    ]
    lines = printed(models_run(records)).splitlines()
    head = next(index for index, line in enumerate(lines) if line.startswith("model"))
    assert all(line.strip() for line in lines[head + 2 : head + 6])


def test_a_name_wider_than_the_terminal_folds_and_no_number_does() -> None:
    own = net("timm:" + "x" * 150)
    text = printed(models_run([done(own, 0.01234)]))
    assert max(len(line) for line in text.splitlines()) <= 100
    assert "12.3" in text
    assert text.count("x") >= 150


def test_the_caveat_of_a_claim_is_not_hidden() -> None:
    pairs = paired("fasternet_t0", "mobilevit_xxs", [3.3, 3.31, 3.29, 3.3])
    disturbed = [replace(pairs[0], verdicts=("contended",)), *pairs[1:]]
    assert "fasternet_t0 over mobilevit_xxs: worst pair contended" in printed(models_run([], disturbed))
    assert "over mobilevit_xxs:" not in printed(models_run([], pairs))


def test_ratios_of_each_place_have_their_table() -> None:
    pairs = [
        replace(
            record,
            pair=replace(
                record.pair,
                first=replace(record.pair.first, runtime=runtime),
                second=replace(record.pair.second, runtime=runtime),
            ),
        )
        for runtime in ("eager", "onnxruntime")
        for record in paired("fasternet_t0", "shufflenetv2_x1_5", [1.3, 1.31, 1.29, 1.3])
    ]
    text = printed(models_run([], pairs))
    assert "beside the paper's: cpu, eager" in text
    assert "beside the paper's: cpu, onnxruntime" in text


def test_noise_floor_by_hand() -> None:
    (line,) = noise_lines(ops_run([op()], []))
    assert "takes 50.0 ns" in line
    # p10 and p90 of 1.0 and 1.1 are 1.01 and 1.09: 0.08 / 1.05.
    assert "additions varied by 7.6% in a typical round and 7.6% in the worst, its medians by 0% over 2 rounds" in line


def test_what_limits_the_cpus_and_what_workers_did_not_inherit_is_said() -> None:
    limited = replace(environment(), cpu_quota=0.5, cleared_variables=("OMP_PROC_BIND=true", "LD_PRELOAD=/x\x1b[31m"))
    run = ops_run([op()], [done(op(), 1.0)], limited)
    for text in (printed(run), markdown_table(Results(run=run))):
        assert "its control group may use 0.5 CPUs on average" in " ".join(text.split())
        assert "did not inherit OMP" in " ".join(text.split())
        assert "\x1b" not in text
    assert "inherit" not in printed(ops_run([op()], [done(op(), 1.0)]))


def test_one_preempted_sample_does_not_make_the_noise_floor() -> None:
    run = ops_run([op()], [])
    floor = replace(QUIET, spin_samples_s=(*(1.0,) * 29, 30.0), gemm_samples_s=(*(1.0,) * 20, *(30.0,) * 10))
    (line,) = noise_lines(replace(run, devices=(replace(run.devices[0], noise=(floor,)),)))
    assert "additions varied by 0%;" in line
    assert "product varied by 2900%." in line  # a third of the samples is no outlier
    assert "leave out the slowest and the fastest tenth" in line
