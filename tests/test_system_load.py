"""What others do with the CPUs, from two looks at a /proc made of files."""

import os
from pathlib import Path

import pytest

from bench.records.health import Load, ProcessUse
from bench.system.load import watch

TICKS = os.sysconf("SC_CLK_TCK")


class Proc:
    """A fabricated root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def cpus(self, *ticks: str) -> None:
        """User, nice, system, idle, iowait, irq, softirq and steal of each CPU."""
        lines = [f"cpu{number} {line} 0 0" for number, line in enumerate(ticks)]
        self.write("stat", "\n".join(["cpu 1 2 3", *lines, "intr 5"]))

    def process(self, number: int, name: str, ticks: int) -> None:
        rest = " ".join(["0"] * 10)
        self.write(f"{number}/stat", f"{number} ({name}) S {rest} {ticks} 1 0 0")

    def write(self, name: str, text: str) -> None:
        path = self.root / "proc" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")


@pytest.fixture
def proc(tmp_path: Path) -> Proc:
    return Proc(tmp_path)


def test_two_cpus_of_which_others_used_a_quarter_and_the_hypervisor_a_tenth(proc: Proc) -> None:
    proc.cpus("100 0 0 500 0 0 0 10", "0 0 0 900 0 0 0 0", "0 0 0 0 0 0 0 0")

    def second(_: float) -> None:
        # Of 200 ticks: 40 user, 10 softirq, 125 idle, 5 waiting for a disk, 20 stolen. CPU 2 is none of ours.
        proc.cpus("140 0 0 535 5 0 0 30", "0 0 0 990 0 0 10 0", "99 0 0 0 0 0 0 0")

    assert watch((0, 1), 1.0, second, str(proc.root)) == Load(seconds=1.0, others_percent=25.0, steal_percent=10.0)


def test_the_three_busiest_processes_are_named(proc: Proc) -> None:
    names = {10: "one", 11: "two", 12: "three", 13: "four", 14: "sleeps", 15: "odd) (name"}
    for number, name in names.items():
        proc.process(number, name, 1000)
    proc.process(os.getpid(), "ourselves", 0)

    def two_seconds(_: float) -> None:
        for step, (number, name) in enumerate(names.items()):
            proc.process(number, name, 1000 + (0 if name == "sleeps" else (step + 1) * TICKS // 10))
        proc.process(os.getpid(), "ourselves", 2 * TICKS)
        proc.process(99, "began meanwhile", TICKS)

    load = watch((0,), 2.0, two_seconds, str(proc.root))
    assert load.processes == (
        ProcessUse(name="odd) (name", percent=30.0),
        ProcessUse(name="four", percent=20.0),
        ProcessUse(name="three", percent=15.0),
    )


@pytest.mark.parametrize("text", ["", "cpu0 1 2", "cpu0", "garbage"])
def test_a_kernel_that_tells_nothing_is_no_load(text: str, proc: Proc) -> None:
    proc.write("stat", text)
    proc.write("7/stat", "7 (")
    assert watch((0,), 1.0, lambda _: None, str(proc.root)) == Load(seconds=1.0, others_percent=0.0, steal_percent=0.0)
