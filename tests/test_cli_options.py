"""Arguments out of all proportion: one line with exit 2, before anything is counted, built or reached."""

from fractions import Fraction
from pathlib import Path

import pytest

from bench.cli.main import main
from bench.plan.values import LARGEST_SEED, pixels, ratio, size, whole
from tests.one_line import one_line

NINES = "9" * 5000  # more digits than Python reads
LONG = "a" * 300  # more than a file system takes in one name

pytestmark = pytest.mark.usefixtures("elsewhere")


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    said = one_line(capsys, *arguments, "--dry-run")
    assert "unexpected" not in said
    assert list(Path().iterdir()) == []
    return said


@pytest.mark.parametrize(
    "option", ["--batch", "--threads", "--kernel", "--groups", "--stack", "--dilation", "--stride", "--rounds"]
)
@pytest.mark.parametrize("value", ["1000000001", "1" + "0" * 12, NINES, "٣", "1e9", "1_000", "0x10"])
def test_no_number_of_an_axis_is_out_of_proportion(capsys: pytest.CaptureFixture[str], option: str, value: str) -> None:
    said = refused(capsys, "ops", option, value)
    assert "expected a whole number of at least 1 and at most 1000000" in said
    assert len(said) < 250, "the value is not repeated at length"


@pytest.mark.parametrize("value", [NINES, "-1", str(LARGEST_SEED + 1), "٣"])
def test_a_seed_is_one_that_the_wire_takes(capsys: pytest.CaptureFixture[str], value: str) -> None:
    assert f"at most {LARGEST_SEED}" in refused(capsys, "ops", "--seed", value)
    assert whole(str(LARGEST_SEED), 0, LARGEST_SEED) == LARGEST_SEED


@pytest.mark.parametrize("value", ["1e-99999999", "1e99999999", f"1/{NINES}", NINES, "١/٢", "1/", "/2", ".", "1/0"])
def test_a_ratio_is_short(capsys: pytest.CaptureFixture[str], value: str) -> None:
    assert "expected a ratio such as 1/4" in refused(capsys, "ops", "--op", "pconv", "--ratio", value)


@pytest.mark.parametrize(
    "value", ["0", "-1", "32769", "800x", "800x1280x3", "x", "8e2", NINES, f"{NINES}x8", "800x0", "٨x٨", "800,x"]
)
def test_the_size_of_an_image_has_its_limit(capsys: pytest.CaptureFixture[str], value: str) -> None:
    said = refused(capsys, "models", "--model", "resnet50", "--input", value)
    assert "expected an input of N or HxW pixels, such as 224 or 800x1280, each at most 32768" in said


@pytest.mark.parametrize(("value", "expected"), [("224", 224), ("800x1280", (800, 1280)), ("800X1280", (800, 1280))])
def test_the_size_of_an_image_is_a_side_or_two(value: str, expected: object) -> None:
    assert pixels(value) == expected


@pytest.mark.parametrize(
    ("option", "value", "said"),
    [
        ("--ratio", "1/16", "fasternet_t0: expected ratio times channels to be a whole number of channels"),
        ("--ratio", "2", "expected a ratio over 0 and up to 1"),
        ("--norm", "batch", "expected a norm, got 'batch'"),
        ("--activation", "gelu,swish", "expected an activation, got 'swish'"),
        ("--dilation", "65", "fasternet_t0: expected dilation to be at most 64"),
        ("--dilation", NINES, "expected a whole number of at least 1"),
        ("--channels", "\x1b[31mred", "expected a choice of channels"),
    ],
)
def test_a_value_that_no_fasternet_takes_is_one_line(
    capsys: pytest.CaptureFixture[str], option: str, value: str, said: str
) -> None:
    found = refused(capsys, "models", "--model", "fasternet_t0", option, value)
    assert said in found
    assert "\x1b" not in found


@pytest.mark.parametrize("value", ["1/4", "0.25", ".25", "2.5e-1", "25E-2"])
def test_every_usual_spelling_of_a_ratio_is_one(value: str) -> None:
    assert ratio(value) == Fraction(1, 4)


@pytest.mark.parametrize("value", ["1000000000x1x1", f"{NINES}x1x1", "٩٦x56x56"])
def test_a_size_has_its_limit(capsys: pytest.CaptureFixture[str], value: str) -> None:
    assert "each at most 1000000" in refused(capsys, "ops", "--size", value)
    assert size("1000000x1x1") == (1_000_000, 1, 1)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--op", "dwconv", "--size", "1x1000000x1000000"], "dwconv's input of at most 274877906944 elements"),
        (["--op", "dwconv", "--batch", "1000000"], "dwconv's input of at most"),
        (["--op", "conv", "--size", "1000000x1x1"], "the weights of conv at 1000000x1x1 of at most"),
        (["--op", "conv", "--kernel", "999999"], "the weights of conv at 96x56x56"),
        (["--op", "pconv", "--stack", "1000000"], "expected stack to be at most 10000"),
        (["--op", "dwconv", "--rounds", "1000000"], "a run of at most 100000 units, got 4000000"),
        (["--op", "dwconv", "--batch", ",".join(map(str, range(1, 301))), "--rounds", "100"], "got 120000"),
        (["--batch", "1", *(f"--{axis}={','.join(map(str, range(1, 100)))}" for axis in ("groups", "stack"))], "units"),
    ],
)
def test_a_plan_is_one_that_a_device_can_hold_and_a_person_wait_for(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    assert says in refused(capsys, "ops", *arguments)


def test_the_numbers_of_networks_have_limits_too(capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected a whole number" in refused(capsys, "models", "--pairs", "1001")


@pytest.mark.parametrize(
    "arguments",
    [
        ["--out", LONG],
        ["--resume", LONG],
        ["--resume", "a/" * 3000],
        ["--devices-file", LONG, "--device", "pi4"],
        ["--device", LONG],
        ["--device", f"cuda:{NINES}"],
        ["--op", NINES],
    ],
)
def test_no_name_is_too_long_to_be_refused_in_one_line(
    capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    refused(capsys, "ops", *arguments)


def test_a_report_of_a_name_too_long_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", LONG]) == 2
    assert "expected" in capsys.readouterr().err


def test_the_folder_of_many_devices_has_a_name_that_a_disk_takes(tmp_path: Path) -> None:
    names = [f"{'board' * 10}-{number}" for number in range(20)]
    entries = "".join(f"  {name}: {{ssh: {name}}}\n" for name in names)
    (tmp_path / "devices.yaml").write_text(f"devices:\n{entries}")
    assert main(["ops", "--op", "dwconv", "--device", ",".join(names), "--dry-run"]) == 0


@pytest.mark.parametrize(
    "side",
    [
        "pconv,size=8x8x8,ratio=1e-99999999",
        "pconv,size=8x8x8,stack=1000000000",
        f"pconv,size=8x8x8,kernel={NINES}",
        "pconv,size=1000000000x1x1",
        f"dwconv,size=8x8x8,batch={NINES}",
        "dwconv,size=1x1000000x1000000",
        f"dwconv,size=8x8x8,{LONG}={LONG}",
    ],
)
def test_the_sides_of_a_comparison_have_the_same_limits(capsys: pytest.CaptureFixture[str], side: str) -> None:
    refused(capsys, "compare", side, "dwconv,size=8x8x8")
