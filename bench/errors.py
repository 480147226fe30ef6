"""The errors the command line turns into one line and an exit code.

BenchError
├── UsageError       2  wrong usage or configuration; nothing was written
├── DeviceError      4  a device could not be reached or was lost
│   └── LinkLostError        the connection to a device broke; worth a retry
├── ProtocolError    4  a device said something outside the protocol
├── StorageError     3  the run folder cannot be written any more (disk full, read-only)
└── StoppedError   130  the user ended the run while a device was being waited for
"""

EXIT_DONE = 0
EXIT_USAGE = 2
EXIT_FAILED = 3
EXIT_DEVICE = 4
EXIT_INTERRUPTED = 130


class BenchError(Exception):
    """Says in one line what was expected, what came and what to do."""

    exit_code = EXIT_FAILED


class UsageError(BenchError):
    """Wrong usage or configuration."""

    exit_code = EXIT_USAGE


class DeviceError(BenchError):
    """A device could not be reached, refused the run or was lost."""

    exit_code = EXIT_DEVICE


class LinkLostError(DeviceError):
    """The connection to a device broke; a new one may succeed."""


class ProtocolError(DeviceError):
    """A device sent something that the wire format does not allow."""


class StorageError(BenchError):
    """The run folder cannot be written any more."""

    exit_code = EXIT_FAILED


class StoppedError(BenchError):
    """The user ended the run while a device was being waited for."""

    exit_code = EXIT_INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted")
