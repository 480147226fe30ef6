"""What a workload forks, in a process of its own."""

import subprocess
import sys

PROGRAM = """
import os, sys
from bench.worker.copies import end_copies

{before}
end_copies()
if os.getpid() == worker:
    for _ in range(12):  # were each copy to go on, there would be 4096
        os.fork()
    os.system("echo a program that is started runs")
    print("measured by", "the worker" if os.getpid() == worker else "a copy", flush=True)
"""


def printed(before: str) -> str:
    program = PROGRAM.format(before=f"worker = os.getpid()\n{before}")
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


def test_a_copy_ends_as_it_is_made_and_the_worker_goes_on() -> None:
    assert printed("") == "a program that is started runs\nmeasured by the worker\n"


def test_a_copy_that_was_made_while_a_network_was_built_ends_after_it() -> None:
    said = printed("os.fork()\nprint('built', flush=True)")
    assert said.count("built") == 2
    assert said.count("measured by") == said.count("measured by the worker") == 1
