"""The errors of this house: the first tree ends a command, in one line and with an exit code; the second ends less.

BenchError              3
├── UsageError          2   wrong usage or configuration; nothing was written
├── DeviceError         4   a device could not be reached or was lost
│   ├── LinkLostError   4   the connection to a device broke; worth a retry
│   └── ProtocolError   4   a device said something outside the protocol
├── StorageError        3   the run folder cannot be written any more (disk full, read-only)
└── StoppedError      130   the user ended the run while a device was being waited for

Exception
├── UnsupportedError   bench.worker.runtimes.loaded   this runtime cannot run the unit: a skipped row
├── FallbackError      bench.worker.runtimes.loaded   it ran elsewhere than it was told to: a failed row
├── ThreadsError       bench.worker.measuring.threads it ran on other threads than it was told to: a failed row
├── WrongOutputError   bench.worker.output_check      its output is not the reference's: a failed row
├── CacheBusyError     bench.cache.clean              another run still needs the cache: a DeviceError on the host
├── UnwatchedError     bench.worker.measuring.nvml    a GPU is measured without its driver's readings
├── NoMeterError       bench.system.power             nothing here counts energy: a column stays empty
├── NotStartedError    bench.agent.start_workers      another Python that is none: a failed row, or a UsageError
├── NoProjectError     bench.worker.project           a user's project is not on the device: failed rows
└── ProvisionError     bench.agent.provision          a step of setup or clean failed: a DeviceError on the host
"""

EXIT_DONE = 0
EXIT_SLOWER = 1  # of a gate alone: confirmed, or a count grew
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


class StoppedError(BenchError):
    """The user ended the run while a device was being waited for."""

    exit_code = EXIT_INTERRUPTED

    def __init__(self) -> None:
        super().__init__("interrupted")
