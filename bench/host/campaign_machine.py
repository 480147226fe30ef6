"""One machine of a run: its devices, what was found on it, and why a device of it cannot be used."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from bench.errors import BenchError, DeviceError
from bench.host.job import Accelerators, decode_accelerators, run_job
from bench.host.runner import MachineRunner
from bench.records.device import Device
from bench.records.environment import Environment, fingerprint
from bench.wire.message import Message
from bench.wire.order import Job, Task


@dataclass(kw_only=True)
class Machine:
    """The devices that share one runner, so that they are measured in turn."""

    devices: tuple[Device, ...]
    runner: MachineRunner
    environments: dict[str, Environment] = field(default_factory=dict)  # of the devices that can be used
    problems: dict[str, BenchError] = field(default_factory=dict)  # of those that cannot

    def identify(self, environment: Environment, stopped: Callable[[], bool]) -> None:
        """Tell its devices apart: which have what they need there."""
        gpus = self._probe(stopped) if any(device.accelerator for device in self.devices) else Accelerators()
        for device in self.devices:
            try:
                self.environments[device.name] = _environment_of(device, environment, gpus)
            except DeviceError as error:
                self.problems[device.name] = error

    def lose(self, error: BenchError) -> None:
        """None of its devices can be used."""
        self.problems = {device.name: error for device in self.devices}
        self.environments = {}

    def _probe(self, stopped: Callable[[], bool]) -> Accelerators:
        found: list[Accelerators] = []

        def handle(message: Message) -> None:
            if message.type == "accelerators":
                found.append(decode_accelerators(message.body))

        run_job(self.runner.connection, Job(task=Task(kind="probe")), handle, stopped)
        return found[-1] if found else Accelerators()


def _environment_of(device: Device, environment: Environment, gpus: Accelerators) -> Environment:
    """The machine as this device sees it: an accelerator is part of its fingerprint, and only of its own."""
    if not device.accelerator:
        return environment
    name = next((name for name in gpus.names if name.split(" ")[0] == device.accelerator), None)
    if name is None:
        found = gpus.reason or f"found {', '.join(gpus.names)}"
        raise DeviceError(f"expected {device.accelerator} on {device.name}: {found}; install a CUDA build of torch")
    return replace(
        environment,
        accelerators=(name,),
        fingerprint=fingerprint(
            environment.machine, environment.cpu_model, environment.kernel, environment.runtimes, (name,)
        ),
    )
