"""Networks from outside the zoo, built once in a worker to learn what they take."""

from collections.abc import Callable, Sequence

from bench.errors import UsageError
from bench.host.job import run_job
from bench.link.connection import Connection
from bench.plan.names import Inspection
from bench.wire.message import Message
from bench.wire.order import Job, Task

BUILD_S = 600.0


def inspect(
    connection: Connection, sources: Sequence[str], input_px: int | None, stopped: Callable[[], bool]
) -> dict[str, Inspection]:
    """What each source takes, `input_px` wide and high or as it says itself; UsageError where one cannot be built."""
    found: dict[str, Inspection] = {}

    def handle(message: Message) -> None:
        body = message.body
        if message.type == "fatal":
            raise UsageError(str(body.get("reason", ""))[:300])
        if message.type == "network":
            if body["reason"]:
                raise UsageError(str(body["reason"])[:500])
            channels, height, width = body["input_shape"]
            found[body["source"]] = Inspection(input_shape=(channels, height, width), digest=body["digest"])

    task = Task(kind="inspect", sources=tuple(sources), input_px=input_px or 0)
    exits = run_job(connection, Job(task=task, start_s=BUILD_S), handle, stopped)
    if len(found) < len(sources):
        source = next(source for source in sources if source not in found)
        reason = exits[0].failure[1] if exits else "its worker ended without a word"
        raise UsageError(f"expected {source} to be built once, to learn its input size: {reason}")
    return found
