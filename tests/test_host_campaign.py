"""A whole run on devices that follow a script: exports first, machines side by side, one disk for all."""

import errno
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cache.clean import CacheBusyError, empty_cache
from bench.cache.files_lock import files_in_use
from bench.errors import DeviceError, LinkLostError, StorageError, UsageError
from bench.host.artifacts import ArtifactCache
from bench.host.campaign import Campaign
from bench.journal import Journal, read_run
from bench.records.device import Device, SshTarget
from bench.wire.order import Job
from tests.bench_process import wait_until
from tests.fake_device import FakeDevice, Line, Notes, all_well
from tests.made_up import unit
from tests.one_campaign import BOARD, CPU, QUICK, exports, run, statuses


def test_exports_come_first_and_once(tmp_path: Path) -> None:
    device = FakeDevice(exports)
    units = tuple(unit(round_number=number) for number in range(2))
    found, problems = run(tmp_path, {CPU: device}, units)
    assert problems == []
    assert statuses(found) == {"cpu": {"done"}}
    assert [(job.task.kind, len(job.task.orders)) for job in device.jobs] == [
        ("export", 1),
        ("measure", 1),
        ("measure", 1),
    ]
    # A second run finds them in the cache.
    again = FakeDevice(exports)
    (tmp_path / "run").rename(tmp_path / "first")
    run(tmp_path, {CPU: again}, units)
    assert [job.task.kind for job in again.jobs] == ["measure", "measure"]


def test_a_link_that_breaks_while_exporting_loses_and_fails_nothing(tmp_path: Path) -> None:
    """The units' own fault it is not: --resume must run them."""

    def script(job: Job) -> list[Line]:
        return [LinkLostError("the agent was killed")]

    found, problems = run(tmp_path, {CPU: FakeDevice(script)}, (unit(),))
    assert [type(problem) for problem in problems] == [LinkLostError]
    assert [(record.status, record.reason_kind) for record in found.records] == [("lost", "offline")]


def test_a_link_that_breaks_once_while_exporting_is_made_again(tmp_path: Path) -> None:
    left = [1]

    def script(job: Job) -> Iterator[Line]:
        if job.task.kind == "export" and left[0]:
            left[0] -= 1
            yield LinkLostError("the agent was killed")
        yield from exports(job)

    found, problems = run(tmp_path, {CPU: FakeDevice(script)}, (unit(),))
    assert problems == []
    assert statuses(found) == {"cpu": {"done"}}


def test_while_boards_measure_the_host_is_free_and_its_files_stay(tmp_path: Path) -> None:
    """What a board will ask for may still lie in the host's cache, whose agent has left after the exports."""
    host = FakeDevice(exports)
    (tmp_path / "cache/artifacts").mkdir(parents=True)
    old = tmp_path / "cache/artifacts/0ld-code.json"

    def measures(job: Job) -> Iterator[Line]:
        wait_until(lambda: host.closed)
        old.write_text("{}")
        with files_in_use(tmp_path / "cache") as files, files.alone() as alone:
            assert not alone
        other, _ = run(tmp_path / "other", {CPU: FakeDevice(exports)}, (unit(),), cache=tmp_path / "cache")
        assert statuses(other) == {"cpu": {"done"}}
        assert old.exists(), "a second run drops nothing that the first may want"
        yield from all_well(job)

    _, problems = run(tmp_path, {BOARD: FakeDevice(measures)}, (unit(device="board"),), host=host)
    assert problems == []
    with files_in_use(tmp_path / "cache") as files, files.alone() as alone:
        assert alone
    with files_in_use(tmp_path / "cache"), pytest.raises(CacheBusyError, match="another run still sends files"):
        empty_cache(tmp_path / "cache", 0)


def test_a_cache_that_is_full_ends_the_run_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(ArtifactCache, "put", full)
    with pytest.raises(StorageError, match="got No space left on device; make room"):
        run(tmp_path, {CPU: FakeDevice(exports)}, (unit(),))


def test_a_machine_that_is_lost_does_not_stop_the_other(tmp_path: Path) -> None:
    lost = FakeDevice(lambda _: [DeviceError("board: on fire")])
    found, problems = run(
        tmp_path, {CPU: FakeDevice(exports), BOARD: lost}, (unit(), unit(device="board"), unit("pconv", device="board"))
    )
    assert [str(problem) for problem in problems] == ["board: on fire"]
    assert statuses(found) == {"cpu": {"done"}, "board": {"lost"}}
    assert len(found.records) == 3


def test_a_run_drops_what_older_code_left_in_the_cache(tmp_path: Path) -> None:
    old = tmp_path / "cache/artifacts/0ld-code.json"
    old.parent.mkdir(parents=True)
    old.write_text("{}")
    run(tmp_path, {CPU: FakeDevice(exports)}, (unit(),))
    assert not old.exists()
    assert len(list(old.parent.iterdir())) == 1, "its own is kept"


def test_a_full_disk_stops_every_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real, written = Journal.append, []

    def append(self: Journal, event: object) -> None:
        written.append(event)
        if len(written) > 4:
            raise StorageError("no space left")
        real(self, event)  # type: ignore[arg-type]

    monkeypatch.setattr(Journal, "append", append)
    units = tuple(unit(round_number=number, device=name) for number in range(20) for name in ("cpu", "board"))
    with pytest.raises(StorageError, match="no space left"):
        run(tmp_path, {CPU: FakeDevice(exports), BOARD: FakeDevice(exports)}, units)
    # Each machine may have had one record under way when the first one failed.
    assert len(written) <= 4 + 2
    assert len(read_run(tmp_path / "run").records) == 2


def test_what_decides_a_number_is_stamped_on_its_unit(tmp_path: Path) -> None:
    found, _ = run(tmp_path, {CPU: FakeDevice(exports)}, (unit(),))
    (planned,) = found.plan.units
    assert (planned.fingerprint, planned.code_version) == ("f00d", found.plan.code_version)
    assert found.plan.code_version


def test_entries_of_one_machine_share_its_python(tmp_path: Path) -> None:
    """One agent serves both: the other's environment would be measured under a wrong name."""
    other = Device(name="other", ssh=SshTarget(destination="pi@board", python="./other/bin/python"))
    with pytest.raises(UsageError, match=r"board and other, which are one machine.*two runs"):
        Campaign([BOARD, other], lambda device: FakeDevice(all_well), tmp_path, Notes(), QUICK)
