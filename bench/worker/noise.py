"""The task that takes the noise floor, in a process that holds no runtime."""

from bench.decoding import encode
from bench.measuring.clock import SystemClock
from bench.measuring.noise import noise_floor
from bench.worker.channel import Channel


def take_noise_floor(channel: Channel) -> None:
    """Send one `noise` message."""
    channel.send("noise", encode(noise_floor(SystemClock())))
