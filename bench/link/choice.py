"""Which transport leads to a device."""

from bench.link.connection import Transport
from bench.link.local import LocalTransport
from bench.records.device import Device


def transport_for(device: Device) -> Transport:
    """A child process for this machine, the system's ssh for any other."""
    if device.ssh is None:
        return LocalTransport()
    from bench.link.ssh import SshTransport

    return SshTransport(device)
