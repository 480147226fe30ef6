"""A table of printed figures as a person types it, and what is refused in it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import UsageError
from reports.ledger.printed_column import parse_heading, printed_columns
from reports.ledger.printed_table import PrintedTable, half_step, split_source
from reports.ledger.read_table import LARGEST_BYTES, parse_table, read_table
from reports.paper_tables import COLUMNS, paper
from tests.made_up_runs import environment, net

HEAD = "name,input_px,source,title,params_m,macs_g,top1_percent,cpu_latency_ms,against\n"
A = "net_a,224,P Table 1,Net-A,3.9,0.34,71.9,9.2,\n"
B = "net_b,256,P Table 1,Other-B,1.3,0.42,69.0,30.8,\n"


def refused(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_table(text, "mine.csv")
    said = str(caught.value)
    assert said.startswith("mine.csv: ")
    assert "\n" not in said
    assert len(said) < 500
    return said


def test_the_papers_own_table_is_read_like_any_other() -> None:
    assert paper().columns == tuple(COLUMNS.values())
    swin = paper().by_name["swin_b"]
    assert swin.speeds == {"gpu": 237.0, "cpu": 0.3492}
    assert swin.out_of_memory == {"arm"}
    assert (swin.params_m, swin.macs_g, swin.top1_percent, swin.family) == ("87.8", "15.47", 83.5, "Swin")
    assert paper().claimed_families == {"FasterNet"}
    assert (paper().papers, paper().heading) == ("arXiv 2303.03667v3", "Table 3")


def test_an_image_need_not_be_square() -> None:
    table = parse_table(HEAD + A.replace("224", "800x1280") + B, "mine.csv")
    assert [network.input_shape for network in table.networks] == [(3, 800, 1280), (3, 256, 256)]
    own = net("net_a", px=800)
    wide = replace(own, workload=replace(own.workload, input_shape=(3, 800, 1280)))
    assert (table.published(own), table.published(wide)) == (None, table.networks[0])


def test_a_recipe_is_one_of_a_few() -> None:
    head, row = HEAD.replace("against", "recipe"), A.rstrip("\n")
    table = parse_table(f"{head}{row}distilled\n{B}", "mine.csv")
    assert [network.recipe for network in table.networks] == ["distilled", ""]
    assert "line 2, recipe: expected plain, distilled" in refused(f"{head}{row}destilled\n")
    claim = "net_a,,,,,,+2.9,3.3x,net_b,plain\n"
    rows = "".join(line.rstrip("\n") + ",\n" for line in (A, B))
    assert "line 4, recipe: expected nothing in a row that is a claim" in refused(
        HEAD.rstrip("\n") + ",recipe\n" + rows + claim
    )


def test_an_extended_table_keeps_its_own_networks_and_claims() -> None:
    own = parse_table(HEAD + A + B + "net_a,,,,,,+2.9,3.3x,net_b\n", "mine.csv")
    other = parse_table(HEAD + A.replace("71.9", "70.0") + B.replace("net_b", "net_c"), "other.csv")
    both = own.extended(other)
    assert [network.name for network in both.networks] == ["net_a", "net_b", "net_c"]
    assert both.by_name["net_a"].top1_percent == 71.9
    assert not both.by_name["net_c"].speeds
    assert both.printed_claims == own.printed_claims


def test_a_row_is_a_network_or_a_claim() -> None:
    table = parse_table(HEAD + A + B + "net_a,,,,,,+2.9,3.3x,net_b\n", "mine.csv")
    assert [network.title for network in table.networks] == ["Net-A", "Other-B"]
    (column,) = table.columns
    (claim,) = table.claims(column)
    assert (claim.first, claim.second, claim.printed_ratio, claim.half_step) == ("net_a", "net_b", 3.3, 0.05)
    assert (claim.source, claim.caveat) == ("P Table 1", "")  # 30.8 / 9.2 = 3.348, and 3.3 is printed
    (printed,) = table.printed_claims
    assert printed.top1_points == "+2.9"


def test_a_claim_without_digits_has_the_ratio_of_the_printed_speeds() -> None:
    table = parse_table(HEAD + A + B + "net_a,,,,,,,,net_b\n", "mine.csv")
    (claim,) = table.claims(table.columns[0])
    assert claim.printed_ratio == pytest.approx(30.8 / 9.2)
    assert claim.half_step == 0


def test_a_ratio_that_the_printed_speeds_do_not_give_says_so() -> None:
    table = parse_table(HEAD + A + B + "net_a,,,,,,,4.5x,net_b\n", "mine.csv")
    assert table.claims(table.columns[0])[0].caveat == "the printed speeds give 3.35"


@pytest.mark.parametrize(
    "make", [lambda t: "\ufeff" + t, lambda t: t.replace("\n", "\r\n"), lambda t: t + ",,,,,,,,\n\n"]
)
def test_what_spreadsheets_add_is_taken(tmp_path: Path, make: object) -> None:
    assert callable(make)
    path = tmp_path / "mine.csv"
    path.write_bytes(make(HEAD + A + B).encode())
    text, table = read_table(path)
    assert table == parse_table(HEAD + A + B, "")
    assert parse_table(text, "") == table  # what a run keeps


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "expected a line of headings"),
        ("\n\n", "expected a line of headings"),
        (HEAD, "expected a row for each network, got none"),
        (HEAD.replace(",", ";") + A, "expected commas between the columns, got semicolons"),
        (HEAD.replace(",", "\t") + A, "got tabs"),
        (HEAD.replace("input_px", "input_size") + A, "expected a column input_px, got none; rename 'input_size'"),
        (HEAD.replace("source", "from") + A, "expected a column source, got none; add it"),
        (HEAD.replace("params_m", "parms_m") + A, "expected a known column, got 'parms_m'; did you mean params_m?"),
        (HEAD.replace("cpu_latency_ms", "latency") + A, "got 'latency'; did you mean cpu_latency_ms?"),
        (HEAD.replace("cpu_latency_ms", "latency_ms") + A, "write what it was measured on"),
        (HEAD.replace("title", "name") + A, "expected each column once, got 'name' twice"),
        (HEAD + A.replace("3.9", "3,9"), "line 2: expected 9 cells as in the headings, got 10"),
        (HEAD + A + B.replace("30.8", "fast"), "line 3, cpu_latency_ms: expected a positive number such as 3.49"),
        (HEAD + A.replace("3.9", "nan"), "line 2, params_m: expected a positive number"),
        (HEAD + A.replace("3.9", "0"), "line 2, params_m: expected a number over 0"),
        (HEAD + A.replace("71.9", "719"), "line 2, top1_percent: expected a number over 0 and up to 100"),
        (HEAD + A.replace("3.9", "9" * 200), "line 2, params_m: expected a positive number"),
        (HEAD + A.replace("224", "224px"), "line 2, input_px: expected an input of N or HxW pixels"),
        (HEAD + A.replace("224", ""), "line 2, input_px: expected one for each network, got nothing"),
        (HEAD + A.replace("P Table 1", ""), "line 2, source: expected one for each network"),
        (HEAD + A + A, "line 3, name: expected each network once, got 'net_a' again"),
        (HEAD + A + B + "net_a,,,,,,,3.3,net_b\n", "line 4, cpu_latency_ms: expected a ratio such as 2.84x"),
        (HEAD + A + B + "net_a,,,,,,,0x,net_b\n", "line 4, cpu_latency_ms: expected a ratio over 0"),
        (HEAD + A + B + "net_a,,,,,,,2x,net_bb\n", "line 4, against: expected a network of this table, got 'net_bb'"),
        (HEAD + A + B + "net_a,224,,,,,,2x,net_b\n", "line 4, input_px: expected nothing in a row that is a claim"),
        (HEAD + A + B + "net_a,,,,,,,2x,net_a\n", "expected two different networks"),
        (HEAD + A + B + "net_a,,,,,,far,,net_b\n", "line 4, top1_percent: expected a difference in points"),
        (HEAD + '"net_a,224\n', "expected comma-separated values"),
        (HEAD + A.replace("Net-A", "x" * 301), "expected at most 300 characters"),
        ("a," * 200 + "b\n", "expected at most 100 headings"),
        (HEAD + "".join(A.replace("net_a", f"n{i}") for i in range(2001)), "expected at most 2000 rows"),
    ],
)
def test_what_is_wrong_is_named_with_its_place(text: str, says: str) -> None:
    assert says in refused(text)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    for content, says in (
        (b"x" * (LARGEST_BYTES + 1), "at most 1 MB"),
        (b"name\n\xff\xfe", "line 2: expected UTF-8"),
    ):
        path.write_bytes(content)
        with pytest.raises(UsageError, match=says):
            read_table(path)
    for missing in (tmp_path / "none.csv", tmp_path, Path("a\0b")):
        with pytest.raises(UsageError, match="expected a table that can be read"):
            read_table(missing)


def test_a_heading_says_what_was_measured_and_how() -> None:
    column = parse_heading("gpu_images_per_s[A100; batch 256; float16]")
    assert (column.name, column.hardware, column.batch, column.dtype) == ("gpu", "A100", 256, "float16")
    assert column.settings == "batch 256, 1 thread, float16"
    assert parse_heading("cpu_latency_ms[Xeon; 4 threads]").threads == 4
    assert parse_heading("latency_ms[iPhone 12]").shown == "iPhone 12"
    two = printed_columns(["cpu_latency_ms[Xeon]", "cpu_latency_ms[i7]", "gpu_images_per_s"])
    assert [each.name for each in two.values()] == ["cpu_latency_ms[Xeon]", "cpu_latency_ms[i7]", "gpu"]


@pytest.mark.parametrize(
    ("heading", "change", "machine", "beside"),
    [
        ("latency_ms[iPhone 12]", {}, "x86_64", True),
        ("latency_ms[iPhone 12]", {}, "aarch64", True),
        ("cpu_latency_ms", {}, "aarch64", False),
        ("cpu_latency_ms[i9; 4 threads]", {}, "x86_64", False),
        ("cpu_latency_ms[i9; 4 threads]", {"threads": 4}, "x86_64", True),
        ("cpu_images_per_s[i9; batch 8]", {"batch": 8}, "x86_64", True),
        ("gpu_images_per_s", {"accelerator": "cuda:0", "mode": "throughput", "batch": 32}, "x86_64", True),
        (
            "gpu_images_per_s[A; batch 64]",
            {"accelerator": "cuda:0", "mode": "throughput", "batch": 32},
            "x86_64",
            False,
        ),
        ("gpu_latency_ms", {"accelerator": "cuda:0"}, "x86_64", True),
        ("gpu_latency_ms", {}, "x86_64", False),
    ],
)
def test_a_unit_stands_beside_columns_of_its_settings(
    heading: str, change: dict[str, object], machine: str, beside: bool
) -> None:
    unit = replace(net("fasternet_t0"), **change)  # type: ignore[arg-type]
    assert parse_heading(heading).matches(unit, environment(machine)) is beside


def test_digits_and_sources() -> None:
    assert [half_step(digits) for digits in ("2", "1.9", "2.84")] == [0.5, pytest.approx(0.05), pytest.approx(0.005)]
    assert split_source("arXiv 1 Table 3") == ("arXiv 1", "Table 3")
    assert split_source("RepViT; README.md") == ("RepViT", "README.md")
    assert split_source("mine") == ("mine", "")
    mixed = parse_table(HEAD + A + B.replace("P Table 1", "Q; Table 2"), "")
    assert (mixed.papers, mixed.heading) == ("P, Q", "Networks")


@pytest.mark.parametrize("path", sorted(Path(__file__).parents[1].glob("examples/ledgers/*.csv")), ids=lambda p: p.name)
def test_the_examples_are_read(path: Path) -> None:
    table: PrintedTable = read_table(path)[1]
    assert len(table.networks) >= 5
    assert all("arXiv" in network.source for network in table.networks)
