"""The task that takes the noise floor, in a process that holds no runtime."""

from bench.wire.order import Task
from bench.worker.channel import Channel
from bench.worker.measuring.clock import SystemClock
from bench.worker.measuring.noise import noise_floor


def take_noise_floor(task: Task, channel: Channel) -> None:
    """Send one `noise` message."""
    channel.send(noise_floor(SystemClock()))
