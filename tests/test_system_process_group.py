"""A child is ended with all that it started."""

import os
import subprocess
import sys
import uuid

from bench.system.process_group import kill_group
from tests.bench_process import ROOT, processes_with, wait_until

TWO = "sleep 300 & sleep 300"


def test_what_it_started_ends_with_it() -> None:
    mark = f"TEST_MARK={uuid.uuid4()}"
    name, _, value = mark.partition("=")
    with subprocess.Popen(["sh", "-c", TWO], env=os.environ | {name: value}, start_new_session=True) as process:
        wait_until(lambda: len(processes_with(mark)) >= 2)
        kill_group(process)
        wait_until(lambda: not processes_with(mark))
        kill_group(process)  # nothing is left to end


def test_a_set_up_whose_host_leaves_leaves_nothing_running() -> None:
    """As when Ctrl-C ends `bench devices setup` while pip unpacks: the end of input is all that the device sees."""
    mark = f"TEST_MARK={uuid.uuid4()}"
    name, _, value = mark.partition("=")
    program = f"from bench.agent.provision import _run\n_run(['sh', '-c', {TWO!r}], 'pip')"
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=os.environ | {name: value},
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        wait_until(lambda: sum("sleep 300" in command for command in processes_with(mark).values()) >= 2)
        _, errors = process.communicate()
    assert "the host left" in errors
    wait_until(lambda: not processes_with(mark))
