"""A run of networks: the paper's claims, Table 3 and the pictures, on numbers worked by hand."""

import csv
import io
import math
from dataclasses import replace
from pathlib import Path

import matplotlib.image
import pytest
from rich.console import Console

from bench.pair import Pair, PairRecord
from bench.records import Cost, Environment, Measurement, Record, RuntimeVersion
from bench.run import DeviceState, Plan, Run
from bench.statistics import Interval
from bench.workload import ModelArguments, Unit, Workload
from reports.claims import Claim, claims
from reports.entry import Entry
from reports.ledger import ledger
from reports.ledger_claims import (
    DIRECTION_ONLY,
    NOT_REPRODUCED,
    NOT_TESTABLE,
    REPRODUCED,
    claim_entries,
    verdict,
)
from reports.ledger_markdown import ledger_markdown_text
from reports.ledger_networks import count_verdict
from reports.ledger_terminal import print_ledger
from reports.panel import panels
from reports.paper_tables import network, table3
from reports.plots_models import published, spots
from reports.rows import rows
from reports.table_csv import csv_text
from reports.write import write_reports

T0 = [facts.name for facts in table3() if facts.group == "t0"]


def state(name: str = "cpu", machine: str = "x86_64") -> DeviceState:
    return DeviceState(
        name=name,
        environment=Environment(
            machine=machine,
            cpu_model="Test CPU",
            logical_cpus=2,
            physical_cores=2,
            allowed_cpus=(0, 1),
            memory_bytes=1 << 33,
            kernel="6.1",
            os="Linux",
            python="3.11",
            runtimes=(RuntimeVersion(name="torch", version="2.13.0"),),
        ),
    )


def unit(name: str, number: int = 0, device: str = "cpu", px: int | None = None, form: str = "") -> Unit:
    known = next((facts.input_px for facts in table3() if facts.name == name), 224)
    size = px or known
    workload = Workload(
        kind="model",
        name=name,
        input_shape=(3, size, size),
        variant=form,
        model=ModelArguments(source=name, form=form),
    )
    return Unit(
        workload=workload,
        runtime="eager",
        dtype="float32",
        layout="nchw",
        batch=1,
        threads=1,
        device=device,
        mode="latency",
        round=number,
    )


def done(of: Unit, seconds: float, cost: Cost | None = None) -> Record:
    measured = Measurement(
        samples_s=(seconds,) * 3,
        iterations_per_sample=1,
        warmup_iterations=3,
        steady=True,
        precise=True,
        load_s=0.5,
        first_call_s=0.25,
        max_error=1e-6,
        peak_memory_bytes=1000,
        threads_seen=1,
        cpus=(1,),
    )
    plain = Cost(params=10, macs=340_000_000, bytes_ideal=None, bytes_moved=1000)
    return Record(unit=of, attempt=1, status="done", measurement=measured, cost=cost or plain)


def run_of(
    records: list[Record], pairs: list[PairRecord] | None = None, states: tuple[DeviceState, ...] = (state(),)
) -> Run:
    plan = Plan(
        command="models",
        argv=("bench", "models"),
        created_utc="2026-01-01T00:00:00Z",
        version="0.1.0",
        code_version="c",
        units=tuple(record.unit for record in records),
        pairs=tuple(record.pair for record in pairs or []),
        devices=states,
    )
    return Run(plan=plan, records=tuple(records), pair_records=tuple(pairs or []), devices=states)


def paired(first: str, second: str, ratios: list[float], fail: int = 0) -> list[PairRecord]:
    """Pairs in which `first` is that many times faster; the last `fail` of them ended in a crash."""
    records = []
    for number, ratio in enumerate(ratios):
        pair = Pair(first=unit(first, number), second=unit(second, number))
        if number >= len(ratios) - fail:
            crash = PairRecord(
                pair=pair, attempt=1, status="failed", reason_kind="crash", reason="signal 11 in the second"
            )
            records.append(crash)
        else:
            records.append(
                PairRecord(pair=pair, attempt=1, status="done", first_s=(1.0, 2.0), second_s=(ratio, 2 * ratio))
            )
    return records


def claim_of(run: Run, second: str = "mobilevit_xxs") -> Entry:
    return next(e for e in claim_entries(run) if e.column == "cpu" and e.against == second and e.device)


def test_claims_come_from_the_printed_speeds() -> None:
    every = {(claim.first, claim.second, claim.column): claim for claim in claims()}
    headline = {column: every["fasternet_t0", "mobilevit_xxs", column] for column in ("gpu", "cpu", "arm")}
    # The paper's abstract: 2.8x, 3.3x and 2.4x.
    ratios = [round(headline[column].printed_ratio, 2) for column in ("gpu", "cpu", "arm")]
    assert ratios == [2.84, 3.35, 2.43]
    assert all(claim.headline for claim in headline.values())
    # Its text: +36 % throughput and -37 % CPU time against Swin-B.
    assert round(every["fasternet_l", "swin_b", "gpu"].printed_ratio, 2) == 1.36
    assert round(1 - 1 / every["fasternet_l", "swin_b", "cpu"].printed_ratio, 2) == 0.37
    assert ("fasternet_l", "swin_b", "arm") not in every  # out of memory on the paper's board


def test_each_fasternet_is_held_against_its_group() -> None:
    cpu = [claim for claim in claims() if claim.column == "cpu"]
    assert len(cpu) == 4 + 6 + 5 + 7 + 4 + 3
    assert len({(claim.first, claim.second) for claim in cpu}) == len(cpu)
    for claim in cpu:
        assert network(claim.first).group == network(claim.second).group
    headlines = [claim.headline for claim in claims()]
    assert headlines == sorted(headlines, reverse=True)


def test_a_claim_needs_a_positive_ratio() -> None:
    with pytest.raises(ValueError, match="positive ratio"):
        Claim(first="a", second="b", column="cpu", printed_ratio=0, headline=False)


def test_the_names_are_those_of_the_registry() -> None:
    # Read from its source: reports may not import models.
    source = (Path(__file__).parents[1] / "models" / "registry.py").read_text(encoding="utf-8")
    for facts in table3():
        assert f'"{facts.name}", "{facts.title}"' in source
    assert len(table3()) == 35


def test_families_and_sizes() -> None:
    named = {facts.name: (facts.family, facts.size) for facts in table3()}
    assert named["fasternet_t0"] == ("FasterNet", "T0")
    assert named["shufflenetv2_x1_5"] == ("ShuffleNetV2", "x1.5")
    assert named["mobilenetv2"] == ("MobileNetV2", "")
    assert named["resnet50"] == ("ResNet", "50")


@pytest.mark.parametrize(
    ("low", "high", "printed", "expected"),
    [
        (1.8, 2.2, 2.0, REPRODUCED),
        (2.2, 2.5, 2.0, REPRODUCED),  # touches 2.0 + 10 %
        (2.21, 2.5, 2.0, DIRECTION_ONLY),
        (1.5, 1.8, 2.0, REPRODUCED),  # touches 2.0 - 10 %
        (1.01, 1.79, 2.0, DIRECTION_ONLY),
        (1.0, 1.79, 2.0, NOT_REPRODUCED),  # 1 itself is no side
        (0.5, 0.9, 2.0, NOT_REPRODUCED),
        (0.5, 0.6, 0.8, DIRECTION_ONLY),
        (0.9, 1.2, 0.8, NOT_REPRODUCED),
        (1.2, 1.3, 1.0, NOT_REPRODUCED),  # a printed 1 has no side
    ],
)
def test_verdict_at_its_boundaries(low: float, high: float, printed: float, expected: str) -> None:
    assert verdict(Interval(centre=(low + high) / 2, low=low, high=high), printed) == expected


def test_an_estimate_without_interval_is_no_verdict() -> None:
    assert verdict(Interval(centre=2.0), 2.0) == NOT_TESTABLE


def test_a_claim_from_four_pairs_by_hand() -> None:
    # Logarithms ln 2.5 -+ d: mean ln 2.5, s = d * sqrt(4/3), half-width t(0.975, 3) * s / 2 = 3.1824 * d / sqrt(3).
    d = 0.02
    ratios = [2.5 * math.exp(sign * d) for sign in (-1, 1, -1, 1)]
    entry = claim_of(run_of([], paired("fasternet_t0", "mobilevit_xxs", ratios)))
    assert entry.ours is not None
    assert entry.ours.low is not None
    assert entry.ours.centre == pytest.approx(2.5)
    assert math.log(2.5 / entry.ours.low) == pytest.approx(3.1824 * d / math.sqrt(3), rel=1e-3)
    assert (entry.verdict, entry.replicates, entry.basis) == (DIRECTION_ONLY, 4, "pairs of live workers")
    assert entry.paper == pytest.approx(30.8 / 9.2)


def test_too_few_pairs_or_a_failed_side_are_not_testable() -> None:
    few = claim_of(run_of([], paired("fasternet_t0", "mobilevit_xxs", [3.0, 3.1, 3.2])))
    assert (few.verdict, few.reason) == (NOT_TESTABLE, "3 of 3 pairs done, 4 needed")
    assert few.ours is not None
    assert few.ours.centre == pytest.approx(3.099, abs=1e-3)
    assert few.ours.low is None
    broken = claim_of(run_of([], paired("fasternet_t0", "mobilevit_xxs", [3.0] * 5, fail=5)))
    assert (broken.verdict, broken.ours) == (NOT_TESTABLE, None)
    assert broken.reason == "0 of 5 pairs done, 4 needed: signal 11 in the second"


def test_a_disturbed_pair_is_told() -> None:
    records = paired("fasternet_t0", "mobilevit_xxs", [3.3, 3.31, 3.29, 3.3])
    entry = claim_of(run_of([], [replace(records[0], verdicts=("contended",)), *records[1:]]))
    assert (entry.verdict, entry.reason) == (REPRODUCED, "worst pair contended")


def test_claims_of_absent_devices_are_counted() -> None:
    run = run_of([done(unit("fasternet_t0"), 0.01)])
    entries = claim_entries(run)
    assert len(entries) == len(claims())
    assert {e.verdict for e in entries} == {NOT_TESTABLE}
    text = ledger_markdown_text(run, ledger(run))
    assert "29 claims of the GPU column are not testable here: no GPU in this run." in text
    assert "29 claims of the CPU column are not testable here: no pairs in this run" in text
    assert "26 claims of the ARM column are not testable here: no ARM device in this run." in text


def test_a_planned_claim_stands_in_every_output() -> None:
    run = run_of([], paired("fasternet_t0", "mobilevit_xxs", [3.3, 3.31, 3.29, 3.3]))
    line = next(x for x in ledger_markdown_text(run, ledger(run)).splitlines() if "**fasternet_t0**" in x)
    assert line.startswith("| **fasternet_t0** | mobilevit_xxs | cpu | eager | 3.35 | 3.30 [")
    assert line.endswith("| 4 | reproduced |")
    console = Console(width=100, file=io.StringIO())
    print_ledger(ledger(run), console)
    assert isinstance(console.file, io.StringIO)
    assert "reproduced" in console.file.getvalue()


def test_a_run_of_pairs_alone_has_its_reports(tmp_path: Path) -> None:
    run = run_of([], paired("fasternet_t0", "mobilevit_xxs", [3.3, 3.31, 3.29, 3.3]))
    written = write_reports(run, tmp_path)
    assert [path.name for path in written] == ["table.csv", "table.md", "ledger.csv", "ledger.md"]
    assert "1 reproduced" in (tmp_path / "ledger.md").read_text(encoding="utf-8")


def test_speed_rank_and_order_by_hand() -> None:
    # The paper's order: fasternet_t0 9.2 ms, shufflenetv2_x1_5 12.1, mobilevit_xxs 30.8; here the first two swap.
    times = {"fasternet_t0": 0.0184, "shufflenetv2_x1_5": 0.0121, "mobilevit_xxs": 0.0308}
    entries = ledger(run_of([done(unit(name), seconds) for name, seconds in times.items()]))
    speeds = {entry.name: entry for entry in entries if entry.section == "network"}
    assert len(speeds) == 35
    own = speeds["fasternet_t0"]
    assert own.ratio is not None
    assert own.ratio.centre == pytest.approx(2.0)
    assert (own.rank_paper, own.rank_ours, own.ranked) == (1, 2, 3)
    assert speeds["swin_b"].verdict == "not measured"
    (order,) = [entry for entry in entries if entry.section == "network_order"]
    assert order.ours is not None
    assert order.ours.centre == pytest.approx(1 / 3)  # 2 of 3 pairs agree, 1 does not


def test_out_of_memory_in_the_paper_is_said() -> None:
    record = done(unit("swin_b", device="pi"), 2.0)
    entries = ledger(run_of([record], states=(state("pi", "aarch64"),)))
    entry = next(e for e in entries if e.section == "network" and e.name == "swin_b")
    assert (entry.column, entry.paper, entry.rank_paper, entry.reason) == (
        "arm",
        None,
        None,
        "out of memory in the paper",
    )


def test_another_input_size_is_another_network() -> None:
    entries = ledger(run_of([done(unit("fasternet_t0", px=160), 0.01)]))
    assert not [entry for entry in entries if entry.section == "network"]


def test_the_plain_form_stands_for_the_paper_where_both_were_timed() -> None:
    records = [done(unit("fasternet_t0", form="fast"), 0.005), done(unit("fasternet_t0"), 0.01)]
    entries = ledger(run_of(records))
    entry = next(e for e in entries if e.section == "network" and e.name == "fasternet_t0")
    assert entry.ours is not None
    assert entry.variant == ""
    assert entry.ours.centre == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("count", "printed", "unit_size", "expected"),
    [
        (338_040_000, "0.34", 10**9, "equal"),
        (31_181_000, "31.1", 10**6, "equal (truncated)"),
        (2_130_000_000, "2.10", 10**9, "differs"),
        (3_905_500, "3.9", 10**6, "equal"),
    ],
)
def test_counts_are_compared_by_their_digits(count: int, printed: str, unit_size: int, expected: str) -> None:
    assert count_verdict(count, printed, unit_size) == expected


def test_counts_are_those_before_folding() -> None:
    cost = Cost(
        params=3_900_700,
        macs=335_400_000,
        bytes_ideal=None,
        bytes_moved=1,
        params_unfused=3_905_500,
        macs_unfused=338_040_000,
    )
    entries = ledger(run_of([done(unit("fasternet_t0"), 0.01, cost)]))
    counts = {e.quantity: e for e in entries if e.section == "network_count"}
    assert counts["macs"].ours == Interval(centre=338_040_000)
    assert {entry.verdict for entry in counts.values()} == {"equal"}


def test_only_published_accuracies_are_drawn() -> None:
    run = run_of([done(unit(name), 0.01) for name in (*T0, "my_network")])
    (panel,) = panels(run, rows(run))
    assert [spot.facts.name for spot in spots(panel)] == T0
    assert [row.unit.workload.name for row in rows(run) if published(row) is None] == ["my_network"]


@pytest.mark.parametrize("rounds", [1, 2])
def test_pictures_of_two_devices(tmp_path: Path, rounds: int) -> None:
    records = [
        done(unit(name, number, device), (0.01 + 0.003 * index) * scale * (1 + 0.05 * number))
        for number in range(rounds)
        for device, scale in (("cpu", 1), ("pi", 8))
        for index, name in enumerate((*T0, "my_network"))
    ]
    run = run_of(records, states=(state(), state("pi", "aarch64")))
    written = write_reports(run, tmp_path)
    pictures = {path.name for path in written if path.suffix == ".png"}
    assert pictures == {
        "accuracy-cpu-eager.png",
        "accuracy-pi-eager.png",
        "accuracy-overview.png",
        "macs-cpu-eager.png",
        "macs-pi-eager.png",
    }
    for name in pictures:
        image = matplotlib.image.imread(tmp_path / name)
        assert image[..., :3].std() > 0.03
    with (tmp_path / "table.csv").open(newline="") as file:
        assert len(list(csv.DictReader(file))) == 12


def test_device_memory_and_notes_are_new_columns_at_the_end() -> None:
    header = csv_text([]).strip().split(",")
    assert header.index("reason") < header.index("device_memory_bytes") < header.index("notes")
