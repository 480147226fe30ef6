"""Ending a child with all that it started: each child of ours leads a session, and so a process group, of its own."""

import contextlib
import os
import signal
import subprocess


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send it to the whole group; nothing where the group is gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End it and wait for it. An ssh killed alone leaves behind the ssh to its jump host, a pip its compilers."""
    if process.poll() is None:
        signal_group(process.pid, signal.SIGKILL)
        process.kill()  # where it leads no group
    process.wait()
