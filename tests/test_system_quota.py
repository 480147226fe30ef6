"""A container's CPU quota, in control groups of either version made of files."""

from pathlib import Path

import pytest

from bench.system.quota import CpuQuota, Throttling


class Groups:
    """A fabricated root folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, name: str, text: str) -> None:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")

    def version1(self, path: str, mounted: str = "/") -> str:
        """The process is in that group of the first version; the folder of it."""
        self.write("proc/self/cgroup", f"4:memory:/\n3:cpu,cpuacct:{path}\n0::/")
        mount = f"33 31 0:30 {mounted} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct"
        self.write("proc/self/mountinfo", f"30 23 0:28 / /sys rw - sysfs sysfs rw\n{mount}")
        return "sys/fs/cgroup/cpu,cpuacct"

    def version2(self, path: str) -> str:
        """Likewise of the second."""
        self.write("proc/self/cgroup", f"0::{path}")
        self.write("proc/self/mountinfo", "33 31 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw,nsdelegate")
        return "sys/fs/cgroup"


@pytest.fixture
def groups(tmp_path: Path) -> Groups:
    return Groups(tmp_path)


def test_half_a_cpu_in_the_first_version(groups: Groups) -> None:
    top = groups.version1("/docker/abc")
    groups.write(f"{top}/cpu.cfs_quota_us", "-1")
    groups.write(f"{top}/docker/abc/cpu.cfs_quota_us", "50000")
    groups.write(f"{top}/docker/abc/cpu.cfs_period_us", "100000")
    groups.write(f"{top}/docker/abc/cpu.stat", "nr_periods 90\nnr_throttled 40\nthrottled_time 2500000000")
    quota = CpuQuota(groups.root)
    assert quota.cpus() == 0.5
    assert quota.throttling() == Throttling(periods=40, seconds=2.5)


def test_a_container_sees_only_what_is_below_its_mount(groups: Groups) -> None:
    # Without a namespace of its own /proc/self/cgroup holds the host's path, and the mount is the container's group.
    top = groups.version1("/docker/abc", mounted="/docker/abc")
    groups.write(f"{top}/cpu.cfs_quota_us", "150000")
    groups.write(f"{top}/cpu.cfs_period_us", "100000")
    assert CpuQuota(groups.root).cpus() == 1.5


def test_a_parents_quota_binds_in_the_second_version(groups: Groups) -> None:
    top = groups.version2("/system.slice/job")
    groups.write(f"{top}/system.slice/cpu.max", "200000 100000")
    groups.write(f"{top}/system.slice/job/cpu.max", "max 100000")
    groups.write(f"{top}/system.slice/cpu.stat", "usage_usec 1\nnr_throttled 3\nthrottled_usec 700000")
    groups.write(f"{top}/system.slice/job/cpu.stat", "usage_usec 1\nnr_throttled 0\nthrottled_usec 0")
    quota = CpuQuota(groups.root)
    assert quota.cpus() == 2.0
    assert quota.throttling() == Throttling(periods=3, seconds=0.7)


def test_a_container_of_the_second_version_is_its_own_root(groups: Groups) -> None:
    top = groups.version2("/")
    groups.write(f"{top}/cpu.max", "50000 100000")
    assert CpuQuota(groups.root).cpus() == 0.5


@pytest.mark.parametrize("text", ["", "garbage", "0::/nowhere", "3:cpu:/\n\n::"])
def test_no_group_is_no_limit_and_nothing_counted(groups: Groups, text: str) -> None:
    groups.write("proc/self/cgroup", text)
    groups.write("proc/self/mountinfo", "33 31 0:30 / /sys/fs/cgroup rw - cgroup2 cgroup rw\nshort line\n - x")
    quota = CpuQuota(groups.root)
    assert (quota.cpus(), quota.throttling()) == (None, None)


def test_counters_that_began_anew_are_no_negative_time() -> None:
    before, now = Throttling(periods=5, seconds=2.0), Throttling(periods=7, seconds=2.5)
    assert now.since(before) == Throttling(periods=2, seconds=0.5)
    assert before.since(now) == Throttling()
