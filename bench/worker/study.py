"""The task that studies a network's representations: first what is studied, then piece by piece what was found."""

import pkgutil

from bench.records.study import StudyName
from bench.wire.messages import Fatal
from bench.wire.order import Task
from bench.worker.channel import Channel, one_line

_STUDIES: dict[StudyName, str] = {
    "approximate": "bench.worker.studies.approximate:approximate",
    "salience": "bench.worker.studies.salience:salience",
    "redundancy": "bench.worker.studies.redundancy:redundancy",
}


def carry_out(task: Task, channel: Channel) -> None:
    """Send `study` messages, or one `fatal` that says what of the question cannot be."""
    if task.study is None:
        raise ValueError("expected a study in its task, got none")
    try:
        pkgutil.resolve_name(_STUDIES[task.study.name])(task.study, channel.send)
    except (ValueError, OSError) as error:
        channel.send(Fatal(kind="build", reason=one_line(error)))
