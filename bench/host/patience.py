"""How long the host waits for what."""

from dataclasses import dataclass, field

from bench.wire.lease import Lease


@dataclass(frozen=True, kw_only=True)
class Patience:
    """The waits of the host, in seconds; tests use shorter ones."""

    lease: Lease = field(default_factory=Lease)
    reconnect_s: tuple[float, ...] = (2.0, 8.0, 30.0)
    worker_start_s: float = 120.0
    offline_s: float = 100.0  # from the first sign of a lost link to giving the machine up
    silence_s: float = 4.0  # until a machine that does not answer is spoken of; a login and Python's start take less
