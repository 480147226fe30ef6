"""Which transport leads to a device."""

from bench.connection import Transport
from bench.devices import Device
from bench.transports.local import LocalTransport


def transport_for(device: Device) -> Transport:
    """A child process for this machine, the system's ssh for any other."""
    if device.ssh is None:
        return LocalTransport()
    from bench.transports.ssh import SshTransport

    return SshTransport(device)
