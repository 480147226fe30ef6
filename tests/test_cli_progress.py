"""What is said on the way: the time left over machines side by side and devices in turn."""

import io
import re
from dataclasses import replace

import pytest
from rich.console import Console

from bench.cli.main import main
from bench.cli.progress import ConsoleObserver, outcome
from bench.plan.estimate import expected_pair_s, expected_s
from bench.records.device import Device, SshTarget
from bench.records.origin import Origin
from bench.records.pair import Pair
from tests.made_up import record, unit
from tests.made_up_runs import paired

TARGET = SshTarget(destination="pi@board")
BIG = (256, 64, 64)


def said_left(*devices: Device, pairs: tuple[Pair, ...] = ()) -> str:
    """The time left before anything has ended, where each device has a hundred units."""
    out = io.StringIO()
    observer = ConsoleObserver(Console(file=out, width=200))
    units = [unit(device=device.name, size=BIG, round_number=number) for device in devices for number in range(100)]
    with observer.watching(units, pairs, devices):
        observer.exporting([])
        observer.ended(record(units[0]))
    first, last = out.getvalue().splitlines()
    assert last.startswith(f"[1/{len(units) + len(pairs)}]")
    return first.rpartition(", ")[2]


def minutes(text: str) -> float:
    found = re.fullmatch(r"([\d.]+) (s|min|h) left", text)
    assert found is not None
    return float(found[1]) * {"s": 1 / 60, "min": 1, "h": 60}[found[2]]


def test_machines_run_side_by_side_and_devices_of_one_in_turn() -> None:
    """Whatever they are called: only the machine behind a name tells."""
    cpu, board = Device(name="cpu"), Device(name="board", ssh=TARGET)
    alone = minutes(said_left(board))
    assert minutes(said_left(board, cpu)) == alone
    gpu_of_board = Device(name="board-gpu", ssh=TARGET)
    assert minutes(said_left(board, gpu_of_board)) > 1.8 * alone


def test_a_pair_takes_both_its_sides_and_the_bursts() -> None:
    small, large = unit(size=(16, 4, 4)), unit(size=(1024, 128, 128))
    guesses = [expected_pair_s(Pair(first=small, second=second)) for second in (small, large)]
    assert guesses[0] > 2 * expected_s(small, shared=False) + 18 * 2 * 0.025
    # A large one: 36 calls more than its unit, 18 of them untimed.
    assert guesses[1] > guesses[0] + 2.5 * (expected_s(large, shared=False) - expected_s(small, shared=False))
    cpu = Device(name="cpu")
    pair = Pair(first=large, second=large)
    assert minutes(said_left(cpu, pairs=(pair,))) > minutes(said_left(cpu))


def test_what_a_gate_measures_again_is_counted_when_it_comes() -> None:
    out, cpu = io.StringIO(), Device(name="cpu")
    observer = ConsoleObserver(Console(file=out, width=200))
    with observer.watching([unit()], (), [cpu]):
        observer.ended(record(unit()))
        observer.ended(record(unit("gconv")))
    assert [line.partition(" ")[0] for line in out.getvalue().splitlines()] == ["[1/1]", "[2/2]"]


def test_the_pairs_of_a_comparison_say_once_why_they_fail() -> None:
    out = io.StringIO()
    observer = ConsoleObserver(Console(file=out, width=200))
    ended = paired("fasternet_t0", "resnet50", [1.0] * 3, fail=3)
    with observer.watching([], [each.pair for each in ended], [Device(name="cpu")]):
        for each in ended:
            observer.ended(each)
    told = [line.rpartition(", ")[0] for line in out.getvalue().splitlines()]
    assert told == [
        "[1/3] fasternet_t0 against resnet50: failed: signal 11 in the second",
        "[2/3] fasternet_t0 against resnet50: failed as before",
        "[3/3] fasternet_t0 against resnet50: failed as before",
    ]


def test_a_devices_words_are_spelled_out_in_progress_and_in_errors(capsys: pytest.CaptureFixture[str]) -> None:
    out = io.StringIO()
    ConsoleObserver(Console(file=out, width=200)).said("board", "\x1b[31mred\u202e\n[bold]")
    assert out.getvalue() == "board: \\x1b[31mred\\u202e [bold]\n"
    assert main(["devices", "check", "\x1b[31mred"]) != 0
    assert "\\x1b[31mred" in capsys.readouterr().err


def test_a_pair_is_told_as_the_comparison_puts_it() -> None:
    (record,) = paired("fasternet_t0", "mobilevit_xxs", [1.25])
    assert outcome(record) == "mobilevit_xxs takes 1.25 times as long as fasternet_t0"
    sides = (replace(record.pair.first, origin=Origin(label=label)) for label in ("base", "head"))
    first, second = sides
    of_a_gate = replace(record, pair=Pair(first=first, second=second))
    assert outcome(of_a_gate) == "fasternet_t0 head takes 1.25 times as long as fasternet_t0 base"
