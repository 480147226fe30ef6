"""The pictures that int8 networks are calibrated on: chosen and hashed before anything runs, faults in one line."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import UsageError
from bench.plan.axes import Axes, cells
from bench.plan.calibration import PICTURES, calibration_of, digest_of, taken
from bench.plan.subjects import network_workload
from bench.records.calibration import Calibration
from bench.records.device import Device
from bench.records.workload import Unit
from models.registry import resolve
from tests.made_up import unit
from tests.one_line import one_line

CPU = Device(name="cpu")
OF_PICTURES = Calibration(folder="/pictures", digest="0" * 64)
# The id of `tests.made_up.unit()` in runs from before there were calibrations.
OLD_ID = "c43bf29b574f12c0"


def folder_of(folder: Path, count: int) -> Path:
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:03}.png").write_bytes(bytes([number]))
    return folder


def test_what_counts_is_what_is_in_the_pictures_taken(tmp_path: Path) -> None:
    first = calibration_of(str(folder_of(tmp_path / "a", 3)))
    assert calibration_of(str(folder_of(tmp_path / "b", 3))).digest == first.digest
    (tmp_path / "b/notes.txt").write_text("no picture")
    assert calibration_of(str(tmp_path / "b")).digest == first.digest
    (tmp_path / "b/001.png").write_bytes(b"another")
    assert calibration_of(str(tmp_path / "b")).digest != first.digest


def test_at_most_so_many_are_taken_from_anywhere_in_the_folder(tmp_path: Path) -> None:
    chosen = taken(folder_of(tmp_path / "many", 2 * PICTURES))
    assert len(set(chosen)) == PICTURES
    assert chosen == taken(tmp_path / "many")
    numbers = [int(path.stem) for path in chosen]
    assert min(numbers) < PICTURES / 4
    assert max(numbers) > 2 * PICTURES * 7 / 8


def test_pictures_lie_behind_links_too_and_hidden_ones_are_none(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    (tmp_path / "set/linked").symlink_to(folder_of(tmp_path / "real", 3))
    (tmp_path / "set/._000.png").write_bytes(b"of another system")
    assert calibration_of(str(tmp_path / "set")).digest == calibration_of(str(tmp_path / "real")).digest


def test_a_picture_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    assert digest_of([tmp_path / "gone.png"]) != digest_of([])


def test_a_folder_without_pictures_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("no picture")
    with pytest.raises(UsageError, match=r"expected pictures in the folder .*, got none; give one of \.bmp"):
        calibration_of(str(tmp_path))
    for missing in ("none", "n" * 300):
        with pytest.raises(UsageError, match=r"expected a folder of images, got .*; give --calibration FOLDER"):
            calibration_of(str(tmp_path / missing))


def test_it_belongs_to_int8_networks_alone() -> None:
    (entry,) = resolve(["fasternet_t0"])
    axes = Axes(runtimes=("onnxruntime",), dtypes=("float32", "int8"), calibration=OF_PICTURES)
    network = cells([network_workload(entry, (3, 224, 224)), unit().workload], axes, CPU, ())
    assert [(each.workload.kind, each.dtype, each.calibration) for each in network] == [
        ("model", "float32", Calibration()),
        ("model", "int8", OF_PICTURES),
        ("op", "float32", Calibration()),
        ("op", "int8", Calibration()),
    ]
    with pytest.raises(ValueError, match="of an int8 unit alone"):
        replace(unit(), calibration=OF_PICTURES)


def test_older_ids_stay_and_the_pictures_decide_new_ones() -> None:
    def of(calibration: Calibration) -> Unit:
        return replace(unit(), dtype="int8", calibration=calibration)

    assert unit().id == OLD_ID
    seeded, pictures = of(Calibration()), of(OF_PICTURES)
    assert seeded.id != pictures.id
    assert of(replace(OF_PICTURES, digest="1" * 64)).id != pictures.id
    assert of(replace(OF_PICTURES, folder="/elsewhere")).id == pictures.id


@pytest.mark.parametrize("wrong", [{"folder": "/a"}, {"digest": "0" * 64}, {"folder": "/a", "digest": "../x"}])
def test_no_folder_without_its_hash(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="expected a folder with the SHA-256"):
        Calibration(**wrong)


def test_the_command_line_refuses_what_it_would_not_use(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ("models", "--model", "fasternet_t0", "--dry-run", "--calibration")
    assert "got none; give one of" in one_line(capsys, *given, str(tmp_path), "--dtype", "int8")
    folder = str(folder_of(tmp_path / "pictures", 1))
    assert "ask for --dtype int8, or leave it out" in one_line(capsys, *given, folder)
    assert "expected a path, got nothing" in one_line(capsys, *given, "")
