"""Networks from outside the zoo, built once in a worker to learn what they take."""

from collections.abc import Sequence
from threading import Event

from bench.errors import UsageError
from bench.host.job import failure_of, run_job
from bench.link.connection import Connection
from bench.plan.names import Asked
from bench.records.origin import Origin
from bench.wire.messages import Fatal, Network, Said
from bench.wire.order import Job, Task

BUILD_S = 600.0


def inspect(
    connection: Connection, sources: Sequence[str], asked: Asked, stop: Event, origin: Origin
) -> dict[str, Network]:
    """What each source takes of what is asked, or the reason why it cannot be built.

    `origin` is where they are taken from, and the Python that builds them.

    UsageError where no network can be built here at all.
    """
    found: dict[str, Network] = {}
    image, arrays = ((), asked) if isinstance(asked, str) else (asked or (), "")

    def handle(said: Said) -> None:
        if isinstance(said.body, Fatal):
            raise UsageError(said.body.reason[:500])
        if isinstance(said.body, Network):
            found[said.body.source] = said.body

    while left := [source for source in sources if source not in found]:
        task = Task(kind="inspect", sources=tuple(left), image=image, arrays=arrays, origin=origin)
        exits = run_job(connection, Job(task=task, start_s=BUILD_S), handle, stop)
        # The worker dies of one at most; those after it get another.
        if died := next((source for source in left if source not in found), None):
            reason = f"expected {died} to be built once, to learn its input size: {failure_of(exits)[1]}"
            if stop.is_set():
                raise UsageError(reason)
            found[died] = Network(source=died, reason=reason)
    return found
