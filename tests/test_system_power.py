"""Meters of trees written by hand: what counts, what wraps around, what is closed, what is none."""

import os
import stat
from pathlib import Path

import pytest

from bench.system.power import NoMeterError, Sampled, find_meter, rails_w

PI5 = """\
 3V7_WL_SW_A current(0)=0.10000000A
 VDD_CORE_A current(7)=2.00000000A
 3V7_WL_SW_V volt(8)=3.70000000V
 VDD_CORE_V volt(15)=0.90000000V
 EXT5V_V volt(24)=5.15268000V
 BATT_V volt(25)=0.00000000V
"""


def never() -> int:
    return 0


def zone(root: Path, number: str, name: str, microjoules: str, most: str | None = "1000") -> Path:
    folder = root / f"sys/class/powercap/intel-rapl:{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(name + "\n")
    (folder / "energy_uj").write_text(microjoules + "\n")
    if most is not None:
        (folder / "max_energy_range_uj").write_text(most + "\n")
    return folder / "energy_uj"


def sensor(root: Path, number: int, name: str, microwatts: str) -> Path:
    folder = root / f"sys/class/hwmon/hwmon{number}"
    folder.mkdir(parents=True)
    (folder / "name").write_text(name + "\n")
    (folder / "power1_input").write_text(microwatts + "\n")
    return folder / "power1_input"


def test_rapl_sums_packages_and_memory_but_not_cores_twice(tmp_path: Path) -> None:
    package, memory = zone(tmp_path, "0", "package-0", "100"), zone(tmp_path, "0:1", "dram", "50")
    cores = zone(tmp_path, "0:0", "core", "7")
    meter = find_meter(never, tmp_path)
    start = meter.joules()
    package.write_text("400")
    memory.write_text("60")
    cores.write_text("207")
    now = meter.joules()
    assert meter.name == "RAPL"
    assert start is not None
    assert now is not None
    assert now - start == pytest.approx(310e-6)


def test_a_counter_that_began_again_goes_on(tmp_path: Path) -> None:
    counter = zone(tmp_path, "0", "package-0", "900")
    meter = find_meter(never, tmp_path)
    start = meter.joules()
    counter.write_text("100")  # of 1000: 200 later
    now = meter.joules()
    assert start is not None
    assert now is not None
    assert now - start == pytest.approx(200e-6)


def test_a_counter_that_fell_without_saying_where_it_ends_is_unknown(tmp_path: Path) -> None:
    counter = zone(tmp_path, "0", "package-0", "900", most=None)
    meter = find_meter(never, tmp_path)
    counter.write_text("100")
    assert meter.joules() is None
    assert meter.joules() == 0  # known again from here


def test_a_file_that_goes_away_or_holds_no_number_is_unknown(tmp_path: Path) -> None:
    counter = zone(tmp_path, "0", "package-0", "900")
    meter = find_meter(never, tmp_path)
    counter.write_text("<error>")
    assert meter.joules() is None
    counter.unlink()
    assert meter.joules() is None


def test_what_root_alone_may_read_says_how_to_open_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed = zone(tmp_path, "0", "package-0", "900")
    closed.chmod(0)
    # Root may read everything: the kernel's answer to another user.
    monkeypatch.setattr(os, "access", lambda path, mode: bool(Path(path).stat().st_mode & stat.S_IRUSR))
    with pytest.raises(NoMeterError, match=r"^RAPL may be read by root alone; open it with: sudo chmod a\+r"):
        find_meter(never, tmp_path)


def test_a_machine_without_any_says_so(tmp_path: Path) -> None:
    (tmp_path / "sys/class/powercap").mkdir(parents=True)
    zone(tmp_path, "0", "psys-of-another-kind", "1")
    sensor(tmp_path, 0, "amdgpu", "30000000")  # a graphics card, not the board
    with pytest.raises(NoMeterError, match="no RAPL, no power sensor of its board and no Raspberry Pi PMIC"):
        find_meter(never, tmp_path)


def test_a_board_sensor_is_sampled(tmp_path: Path) -> None:
    power, times = sensor(tmp_path, 0, "ina226", "4000000"), iter([0, 2 * 10**9])
    meter = find_meter(lambda: next(times), tmp_path)
    power.write_text("6000000")
    assert meter.name == "board sensor, sampled"
    assert meter.joules() == pytest.approx(10.0)  # from 4 to 6 W in 2 s


def test_of_two_board_sensors_none_is_guessed(tmp_path: Path) -> None:
    sensor(tmp_path, 0, "ina226", "1")
    sensor(tmp_path, 1, "ina219", "2")
    with pytest.raises(NoMeterError, match="2 power sensors"):
        find_meter(never, tmp_path)


def test_a_gauge_that_fails_once_starts_anew() -> None:
    watts, times = iter([2.0, None, 2.0, 2.0]), iter(range(0, 10**10, 10**9))
    meter = Sampled("gauge", lambda: next(watts), lambda: next(times))
    assert [meter.joules(), meter.joules(), meter.joules()] == [None, None, pytest.approx(2.0)]


def test_rails_of_a_raspberry_pi_5() -> None:
    assert rails_w(PI5) == pytest.approx(0.1 * 3.7 + 2.0 * 0.9)
    assert rails_w('error=1 error_msg="Command not registered"\n') is None


def test_the_pi_is_asked_by_its_own_tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tool = tmp_path / "vcgencmd"
    tool.write_text(f'#!/bin/sh\n[ "$1" = pmic_read_adc ] && printf "%s" "{PI5}"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    times = iter([0, 10**9])
    meter = find_meter(lambda: next(times))
    assert meter.name == "Raspberry Pi PMIC, sampled"
    assert meter.joules() == pytest.approx(2.17)
