"""What the docs show is what `bench report` makes of the journals that lie beside it."""

import csv
import io
import re
import shutil
from pathlib import Path
from statistics import median

import pytest
from rich.console import Console

from bench.journal import read_run
from bench.records.workload import size_text
from reports.numbers import GIGA, significant
from reports.results import Results
from reports.terminal import TerminalReport
from reports.write import write_reports

ROOT = Path(__file__).resolve().parents[1]
RESULTS = sorted(path.parent for path in ROOT.glob("docs/results/*/run.json"))
README = (ROOT / "README.md").read_text("utf-8")


def terminal(folder: Path) -> str:
    """The table as `bench report` prints it into a pipe."""
    text = io.StringIO()
    Console(file=text, width=100).print(TerminalReport(Results(run=read_run(folder))))
    return text.getvalue()


@pytest.mark.parametrize("folder", RESULTS, ids=lambda folder: folder.name)
def test_the_texts_are_made_again_from_the_journal(folder: Path, tmp_path: Path) -> None:
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    write_reports(Results(run=read_run(copy)), copy)
    kept = [path for path in folder.iterdir() if path.suffix in (".csv", ".md")]
    assert kept
    for path in kept:
        assert (copy / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("name", ["ops-cpu", "models-cpu"])
def test_the_readme_shows_the_table_that_was_measured(name: str) -> None:
    printed = {line.rstrip() for line in terminal(ROOT / "docs/results" / name).splitlines()}
    first_words = {line.split()[0] for line in printed if re.search(r"\d+x\d+x\d+", line)}
    shown = [line[4:].rstrip() for line in README.splitlines() if re.match(r" {4}\S+ +\d+x\d+x\d+ ", line)]
    of_this = [line for line in shown if line.split()[0] in first_words]
    assert len(of_this) >= 10
    assert not [line for line in of_this if line not in printed]


def test_the_page_on_method_shows_the_processes_that_were_measured() -> None:
    page = (ROOT / "docs/method.md").read_text("utf-8")
    shown = re.findall(r"\| (\d+x\d+x\d+) \| `(\w+)` \| (\S+) \| (\S+) to (\S+) \| (\d+) to (\d+) \|", page)
    records = read_run(ROOT / "docs/results/dwconv-cpu").records
    assert len(shown) == len({(record.unit.workload.input_shape, record.unit.allocator) for record in records}) == 6
    for size, allocator, *printed in shown:
        own = [
            record.measurement
            for record in records
            if record.measurement
            and (size_text(record.unit.workload.input_shape), record.unit.allocator) == (size, allocator)
        ]
        times = sorted(1000 * median(each.samples_s) for each in own)
        faults = [each.disturbances.page_faults_per_call or 0 for each in own]
        assert len(times) == 10
        assert printed == [
            *(f"{each:.3g}" for each in (median(times), times[0], times[-1])),
            *(f"{each:.0f}" for each in (min(faults), max(faults))),
        ]


def test_what_page_faults_make_of_the_headline_is_what_the_ledger_says() -> None:
    ledger = (ROOT / "docs/results/ops-cpu/ledger.md").read_text("utf-8")
    said = re.search(
        r"PConv computes (\S+)x (\[.*?\]) as fast as DWConv \(the paper: (\S+)x\), Conv (\S+)x \((\S+)x\)", README
    )
    kept = re.search(r"PConv's advantage is (\S+)x (\[.*?\]), Conv's (\S+)x", README)
    times = re.search(r"DWConv 96x56x56 takes\s+(\S+) ms instead of (\S+), and", README)
    assert said is not None
    assert kept is not None
    assert times is not None
    pconv = f"| pconv | mean of all | {said[3]} | {said[1]} {said[2]} | {kept[1]} {kept[2]} |"
    assert pconv in ledger.replace("\\", "")
    conv = re.search(r"\| conv \| mean of all \| (\S+) \| (\S+) .*? \| (\S+) \\?\[", ledger)
    assert conv is not None
    assert conv.groups() == (said[5], said[4], kept[3])
    seconds = _column("ops-cpu/table.csv", "allocator", "latency_s", "96x56x56")
    assert [f"{1000 * seconds['dwconv', name]:.1f}" for name in ("retained", "system")] == [times[1], times[2]]


def test_the_readme_shows_the_claims_that_were_measured() -> None:
    ledger = (ROOT / "docs/results/claims-cpu/ledger.md").read_text("utf-8")
    shown = re.findall(r"\| (\d\.\d\d)x \| (\d\.\d\d)x (\[\d\.\d\d, \d\.\d\d\]) \| ([a-z ]+) \|", README)
    assert len(shown) == 3
    for printed, ours, interval, verdict in shown:
        row = next(line for line in ledger.splitlines() if f" {ours} {interval} " in line)
        assert f" {printed} " in row
        assert row.rstrip(" |").endswith(verdict) or f"| {verdict}" in row


def test_the_readme_counts_claims_and_agreement_as_the_ledgers_do() -> None:
    score = re.search(r"of (\d+) ratios, (\d+) are reproduced, (\d+) hold in direction only and (\d+) do not", README)
    assert score is not None
    every, *verdicts = map(int, score.groups())
    assert sum(verdicts) == every
    ledger = (ROOT / "docs/results/claims-cpu/ledger.md").read_text("utf-8")
    assert "{} reproduced, {} direction only, {} not reproduced".format(*verdicts) in ledger
    order = re.search(r"tau-b (\d\.\d\d) in either runtime", README)
    assert order is not None
    ledger = (ROOT / "docs/results/models-cpu/ledger.md").read_text("utf-8")
    assert re.findall(r"tau-b = (\S+)", ledger) == [order[1]] * 2


def _column(path: str, key: str, value: str, size: str = "") -> dict[tuple[str, str], float]:
    with (ROOT / "docs/results" / path).open(newline="", encoding="utf-8") as file:
        return {
            (row["name"], row[key]): float(row[value])
            for row in csv.DictReader(file)
            if row[value] and row["input_shape"].startswith(size)
        }


def test_the_readme_says_by_how_much_the_claims_fail_as_the_ledger_does() -> None:
    """Its prose, computed again from the tables."""
    said = re.search(
        r"x1\.5 are (\d+) to (\d+) % faster .* GhostNet is (\S+) times\s+as fast as T1,"
        r" PoolFormer-S24 and M48 are (\d+) and (\d+) % faster .* become (\S+) to (\S+) times"
        r" .*FasterNet-T0 (\S+) times",
        README,
        re.DOTALL,
    )
    assert said is not None
    ratio = _column("claims-cpu/ledger.csv", "against", "ours")
    pairs = (
        ("fasternet_t0", "mobilenetv2"),
        ("fasternet_t1", "mobilenetv2_x1_4"),
        ("fasternet_t0", "shufflenetv2_x1_5"),
    )
    ahead = [100 * (1 / ratio[pair] - 1) for pair in pairs]
    assert [round(min(ahead)), round(max(ahead))] == [int(said[1]), int(said[2])]
    assert f"{1 / ratio['fasternet_t1', 'ghostnet_x1_3']:.1f}" == said[3]
    assert round(100 * (1 / ratio["fasternet_s", "poolformer_s24"] - 1)) == int(said[4])
    assert round(100 * (1 / ratio["fasternet_l", "poolformer_m48"] - 1)) == int(said[5])
    seconds = _column("models-cpu/table.csv", "runtime", "latency_s")
    small = ("ghostnet_x1_3", *(against for _, against in pairs))
    gain = {name: seconds[name, "eager"] / seconds[name, "onnxruntime"] for name in (*small, "fasternet_t0")}
    assert f"{min(gain[name] for name in small):.1f}" == said[6]
    assert f"{max(gain[name] for name in small):.1f}" == said[7]
    assert f"{gain['fasternet_t0']:.1f}" == said[8]


def test_the_page_on_the_claim_says_what_the_ledger_does() -> None:
    page = (ROOT / "docs/claim.md").read_text("utf-8")
    ledger = (ROOT / "docs/results/ops-cpu/ledger.md").read_text("utf-8").replace("\\", "")
    (quoted,) = re.findall(r"^> (.+)$", page, re.MULTILINE)
    assert quoted in ledger
    leads = re.search(r"falls from (\S+) to (\S+) times", page)
    assert leads is not None
    for memory, lead in zip(("system", "retained"), leads.groups(), strict=True):
        assert re.search(rf"^\| {memory} \| .* \| {lead} \[[^|]*\| \d+% \|$", ledger, re.MULTILINE)


def test_the_page_on_ceilings_shows_those_that_were_kept() -> None:
    """Its tables are those of the kept page, and their numbers those of the kept file."""
    page = (ROOT / "docs/peak.md").read_text("utf-8")
    shown = [re.split(r" {2,}", line) for line in re.findall(r"^ {4}(\w+ {2,}\S.* ±?\S+ .*)$", page, re.MULTILINE)]
    products, levels = [row for row in shown if len(row) == 5], [row for row in shown if len(row) == 10]
    assert (len(products), len(levels), len(shown)) == (5, 5, 10)
    kept = (ROOT / "docs/peak-cpu/peak.md").read_text("utf-8")
    assert not [row for row in shown if f"| {' | '.join(row)} |" not in kept]
    with (ROOT / "docs/peak-cpu/peak.csv").open(newline="", encoding="utf-8") as file:
        float32 = [row for row in csv.DictReader(file) if row["asked_dtype"] == "float32"]
    speed = {
        (row["runtime"] or row["level"], row["shape"] or row["access"]): significant(float(row["value"]), GIGA)
        for row in float32
    }
    assert [speed[row[0], row[3]] for row in products[1:]] == [row[1] for row in products[1:]]
    for level, _, *told in levels[1:]:
        assert told[::2] == [speed[level, access] for access in ("read", "write", "copy", "triad")]
