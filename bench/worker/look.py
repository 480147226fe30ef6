"""The task that tells what this worker's Python is and which packages it holds. Standard library only."""

import platform

from bench.plain_text import plain_line
from bench.records.environment import RuntimeVersion
from bench.records.origin import PythonEnvironment
from bench.system.packages import versions
from bench.wire.order import Task
from bench.worker.channel import Channel


def look_around(task: Task, channel: Channel) -> None:
    """Send one `python` message."""
    found = (
        RuntimeVersion(name=each.name, version=plain_line(each.version, 80), note=plain_line(each.note, 80))
        for each in versions(task.packages)
    )
    channel.send(PythonEnvironment(path=task.origin.python, version=platform.python_version(), packages=tuple(found)))
