"""Signals that a run answers to, and those that it was told to ignore; streams that lose their readers."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from bench.cli.interrupts import Interrupts, as_ctrl_c, stopped_first
from bench.errors import LinkLostError, StoppedError
from bench.host.campaign import Campaign
from tests.bench_process import ROOT, BenchProcess


@pytest.fixture
def hung_up() -> Iterator[None]:
    """What `nohup` sets before it starts a command."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    yield
    signal.signal(signal.SIGHUP, before)


class Stoppable:
    """The part of a campaign that a signal reaches."""

    def __init__(self) -> None:
        self.stops = 0
        self.stopped = False

    def stop(self) -> None:
        self.stops += 1


@pytest.mark.usefixtures("hung_up")
def test_what_nohup_ignores_stays_ignored() -> None:
    campaign = Stoppable()
    before = signal.getsignal(signal.SIGTERM)
    with Interrupts(cast(Campaign, campaign)):
        os.kill(os.getpid(), signal.SIGHUP)
        assert campaign.stops == 0
        os.kill(os.getpid(), signal.SIGTERM)
        assert campaign.stops == 1
    assert signal.getsignal(signal.SIGTERM) == before
    assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN


def test_what_timeout_sends_twice_is_one_signal(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would else end the process at once, in the midst of ending in order."""
    campaign = Stoppable()
    ended: list[int] = []
    monkeypatch.setattr(os, "_exit", ended.append)
    with Interrupts(cast(Campaign, campaign)):
        for _ in range(2):
            os.kill(os.getpid(), signal.SIGTERM)
        assert (campaign.stops, ended) == (1, [])
        monkeypatch.setattr("bench.cli.interrupts.ECHO_S", 0.0)
        os.kill(os.getpid(), signal.SIGTERM)
        assert ended == [130]


@pytest.mark.parametrize(("stopped", "raised"), [(False, LinkLostError), (True, StoppedError)])
def test_what_goes_wrong_after_a_stop_went_wrong_for_it(stopped: bool, raised: type[Exception]) -> None:
    campaign = Stoppable()
    campaign.stopped = stopped
    with pytest.raises(raised), stopped_first(cast(Campaign, campaign)):
        raise LinkLostError("the worker is gone")


def test_impatience_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who presses Ctrl-C four times a second means it."""
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    caught = []
    with as_ctrl_c():
        for now in (10.0, 10.25, 10.5):
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            except KeyboardInterrupt:
                caught.append(now)
    assert caught == [10.0, 10.5]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_what_is_sent_twice_leaves_cleaning_up_alone(number: signal.Signals) -> None:
    cleaned = []

    def interrupted() -> None:
        try:
            os.kill(os.getpid(), number)
        finally:
            os.kill(os.getpid(), number)
            cleaned.append(number)

    with pytest.raises(KeyboardInterrupt), as_ctrl_c():
        interrupted()
    assert cleaned == [number]


# The reader is gone before the first word: a pipe would hold the little that is said.
SAYS = """
import sys
from bench.cli.console import SturdyConsole
console = SturdyConsole(stderr=sys.argv[1] == "stderr")
for number in range(3):
    console.print("a line")
print("still here", file=sys.stdout if sys.argv[1] == "stderr" else sys.stderr)
"""


@pytest.mark.parametrize(("lost", "kept"), [("stdout", "stderr"), ("stderr", "stdout")])
def test_a_reader_that_goes_away_ends_nothing(lost: str, kept: str) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", SAYS, lost], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        streams = {"stdout": process.stdout, "stderr": process.stderr}
        gone, other = streams[lost], streams[kept]
        assert gone is not None
        assert other is not None
        gone.close()
        assert other.read() == "still here\n"
        assert process.wait() == 0


def test_a_report_into_a_closed_pipe_is_done_all_the_same(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "docs/results/claims-cpu", tmp_path / "run")
    (tmp_path / "run/table.csv").unlink()
    with BenchProcess(tmp_path, tmp_path / "cache").start("report", str(tmp_path / "run")) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        errors = process.stderr.read()
        assert process.wait() == 0, errors
    assert "Traceback" not in errors
    assert (tmp_path / "run/table.csv").is_file()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_term_and_hup_end_what_answers_to_nothing_else_as_ctrl_c_does(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), as_ctrl_c():
        os.kill(os.getpid(), number)
    assert signal.getsignal(number) == before


@pytest.mark.usefixtures("hung_up")
def test_a_signal_that_is_ignored_stays_ignored_there_too() -> None:
    with as_ctrl_c():
        os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
