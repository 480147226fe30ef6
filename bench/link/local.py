"""The agent of this machine: a child process with the same program a board runs."""

import os
import subprocess
import sys
from pathlib import Path

import bench
from bench.errors import BenchError, DeviceError, LinkLostError
from bench.link.child import ProcessPipe
from bench.link.connection import Connection, Stopped, never
from bench.records.environment import Environment
from bench.wire.lease import Lease
from bench.wire.order import IMPORT_PATH


class LocalTransport:
    """Starts the agent in a session of its own, so that Ctrl-C reaches the host alone."""

    def connect(self, run: str, lease: Lease, stopped: Stopped = never) -> tuple[Connection, Environment, float]:
        """A connection, the machine's environment, and a clock skew of zero or nearly so."""
        root = str(Path(str(bench.__file__)).parent.parent)
        environment = dict(os.environ)
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, [root, environment.get("PYTHONPATH", "")]))
        environment["PYTHONSAFEPATH"] = "1"  # the current folder may hold a `bench` or `models` of the user's
        # A worker imports a user's own factory from where this process would.
        environment[IMPORT_PATH] = os.pathsep.join(str(Path(folder).absolute()) for folder in (*sys.path, ""))
        process = subprocess.Popen(
            [sys.executable, "-m", "bench.agent"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environment,
            start_new_session=True,
        )
        connection = Connection(ProcessPipe(process), run, lease, _explain, "this machine", stopped)
        try:
            return connection, *connection.start()
        except BaseException:
            connection.close()
            raise


def _explain(code: int | None, stderr: str) -> BenchError:
    if code is None or code < 0:
        return LinkLostError(f"the agent was killed ({code}); look for what ends processes here")
    if code == 0:  # as it does on a signal
        return LinkLostError("the agent was asked to end by somebody else; look for what ends processes here")
    last = stderr.strip().splitlines()[-1:] or ["no message"]
    return DeviceError(f"expected this machine's agent to run, it ended with code {code}: {last[0][:200]}")
