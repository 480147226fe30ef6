"""The CPU time that a container is allowed: its quota, and how often the kernel stopped it for having used it up."""

from dataclasses import dataclass
from pathlib import Path

from bench.system.files import number_of, text_of


@dataclass(frozen=True, kw_only=True)
class Throttling:
    """Since the control group was made: periods in which it was stopped, and for how many seconds altogether."""

    periods: int = 0
    seconds: float = 0.0

    def since(self, before: "Throttling") -> "Throttling":
        """What has come since an earlier look; nothing where the counters began anew."""
        return Throttling(
            periods=max(0, self.periods - before.periods), seconds=max(0.0, self.seconds - before.seconds)
        )


class CpuQuota:
    """The control groups that this process is in, of either version; a quota of any parent binds it as well."""

    def __init__(self, root: Path = Path("/")) -> None:
        self._groups = _groups(root)

    def cpus(self) -> float | None:
        """The CPUs that may be used up on average (0.5: half of one); None where there is no limit."""
        limits = [limit for folder in self._groups if (limit := _limit(folder)) is not None]
        return min(limits, default=None)

    def throttling(self) -> Throttling | None:
        """The counters of all these groups together: a parent that is stopped stops its children, which count nothing.

        None where no group keeps any.
        """
        found = [each for folder in self._groups if (each := _throttling(folder)) is not None]
        if not found:
            return None
        return Throttling(periods=sum(each.periods for each in found), seconds=sum(each.seconds for each in found))


def _groups(root: Path) -> tuple[Path, ...]:
    """The folder of this process's group and of each of its parents, in every hierarchy that limits CPUs."""
    found: list[Path] = []
    mounts = [_mount(line) for line in text_of(root / "proc/self/mountinfo").splitlines()]
    for line in text_of(root / "proc/self/cgroup").splitlines():
        number, controllers, path = [*line.split(":", 2), "", ""][:3]
        version2 = number == "0" and not controllers
        if not version2 and "cpu" not in controllers.split(","):
            continue
        for kind, options, inside, point in filter(None, mounts):
            if kind == ("cgroup2" if version2 else "cgroup") and (version2 or "cpu" in options.split(",")):
                folder, top = root / point.lstrip("/"), inside.rstrip("/")
                # In a container the path may be the host's, of which only the part below the mount can be seen.
                below = path[len(top) :] if path.startswith(top + "/") else "" if path == top else path
                folders = [folder / below.strip("/"), *(folder / below.strip("/")).parents]
                found += [each for each in folders if each.is_relative_to(folder) and each.is_dir()]
    return tuple(dict.fromkeys(found))


def _mount(line: str) -> tuple[str, str, str, str] | None:
    """Kind, options, the mounted folder and where it is mounted."""
    before, _, after = line.partition(" - ")
    fields, rest = before.split(), after.split()
    return (rest[0], rest[-1], fields[3], fields[4]) if len(fields) > 4 and len(rest) > 1 else None


def _limit(folder: Path) -> float | None:
    quota, period = number_of(folder / "cpu.cfs_quota_us"), number_of(folder / "cpu.cfs_period_us")
    if quota is None:
        words = text_of(folder / "cpu.max").split()
        if len(words) == 2 and all(word.isdigit() for word in words):
            quota, period = int(words[0]), int(words[1])
    return quota / period if quota and period and quota > 0 else None


def _throttling(folder: Path) -> Throttling | None:
    values = dict(line.split()[:2] for line in text_of(folder / "cpu.stat").splitlines() if len(line.split()) == 2)
    if not values.get("nr_throttled", "").isdigit():
        return None
    nanoseconds, microseconds = values.get("throttled_time", ""), values.get("throttled_usec", "")
    seconds = int(nanoseconds) / 1e9 if nanoseconds.isdigit() else 0.0
    if microseconds.isdigit():
        seconds = int(microseconds) / 1e6
    return Throttling(periods=int(values["nr_throttled"]), seconds=seconds)
