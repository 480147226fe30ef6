"""What a worker's end of its pipe lets through."""

import json
import subprocess
import sys

from tests.bench_process import ROOT

FORKS = """
import os, sys
from bench.wire.messages import Fatal
from bench.worker.channel import Channel
channel = Channel(int(sys.argv[1]))
child = os.fork()
try:
    channel.send(Fatal(kind="error", reason="the worker" if child else "its copy"))
except RuntimeError as error:
    print(error, flush=True)
    os._exit(7)
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_a_copy_that_was_forked_off_says_nothing_in_its_workers_name() -> None:
    command = f'exec {sys.executable} -c "$0" 3 3>&2'
    done = subprocess.run(
        ["sh", "-c", command, FORKS],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [json.loads(line)["body"]["reason"] for line in done.stderr.splitlines()] == ["the worker"]
    said, code = done.stdout.splitlines()
    assert said.startswith("expected one worker, got a copy")
    assert code == "7"
