"""The task that looks for accelerators: it must import torch, which the agent never does."""

from bench.wire.messages import Accelerators
from bench.wire.order import Task
from bench.worker.channel import Channel, one_line
from bench.worker.measuring.nvml import driver_version


def probe_accelerators(task: Task, channel: Channel) -> None:
    """Send one `accelerators` message: name and driver of each CUDA device, and in `reason` why there is none."""
    try:
        import torch
    except ImportError as error:
        channel.send(Accelerators(reason=one_line(error)))
        return
    names: list[str] = []
    reason = ""
    build = f"torch {torch.__version__} ({'CUDA ' + torch.version.cuda if torch.version.cuda else 'CPU build'})"
    if torch.version.cuda is None:
        reason = f"{build} has no CUDA"
    elif not torch.cuda.is_available():
        reason = f"{build} finds no usable GPU or driver"
    else:
        driver = driver_version() or "unknown"
        names = [
            f"cuda:{i} {torch.cuda.get_device_name(i)}, driver {driver}, {build}"
            for i in range(torch.cuda.device_count())
        ]
    channel.send(Accelerators(names=tuple(names), reason=reason))
