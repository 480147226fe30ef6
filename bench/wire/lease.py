"""How often agent and host hear of each other, and how long they wait."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Lease:
    """The agent's waits, in seconds; the host sends others in tests."""

    heartbeat_s: float = 5.0
    lease_s: float = 20.0
    grace_s: float = 5.0  # between TERM and KILL
    lock_wait_s: float = 30.0
