"""The task that takes the noise floor, in a process that holds no runtime."""

from bench.wire.decode import encode
from bench.worker.channel import Channel
from bench.worker.measuring.clock import SystemClock
from bench.worker.measuring.noise import noise_floor


def take_noise_floor(channel: Channel) -> None:
    """Send one `noise` message."""
    channel.send("noise", encode(noise_floor(SystemClock())))
