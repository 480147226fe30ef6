"""Files on their way to an agent: whole and known afterwards, or an error and nothing kept."""

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.cache.store import Store
from bench.errors import DeviceError, ProtocolError
from bench.wire.messages import FilePart
from tests.agent_device import Device
from tests.bench_process import SOON_S, wait_until
from tests.conftest import Mount


@pytest.fixture
def device(tmp_path: Path) -> Iterator[Device]:
    made = Device(tmp_path / "cache")
    yield made
    made.close()


def test_files_arrive_whole_and_are_known_afterwards(device: Device, tmp_path: Path) -> None:
    data = os.urandom(1_500_000)  # three chunks
    digest = Store(tmp_path / "host").add_bytes(data)
    connection = device.connect()
    assert connection.missing([digest]) == [digest]
    connection.send_file(Store(tmp_path / "host").path(digest), digest)
    assert connection.missing([digest]) == []
    assert Store(device.cache).path(digest).read_bytes() == data


def test_a_file_of_no_bytes_is_a_file(device: Device, tmp_path: Path) -> None:
    digest = Store(tmp_path / "host").add_bytes(b"")
    connection = device.connect()
    connection.send_file(Store(tmp_path / "host").path(digest), digest)
    assert connection.missing([digest]) == []


def test_other_bytes_than_announced_are_refused_and_not_kept(device: Device, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"other bytes")
    connection = device.connect()
    with pytest.raises(ProtocolError, match="other bytes came"):
        connection.send_file(path, "0" * 64)
    assert list((device.cache / "files").iterdir()) == []


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a tmpfs")
def test_a_device_whose_disk_fills_says_so_and_keeps_no_torn_file(
    device: Device, tmp_path: Path, mounted: Mount
) -> None:
    mounted(device.cache, "64k")
    path = tmp_path / "file"
    path.write_bytes(os.urandom(200_000))
    connection = device.connect()
    with pytest.raises(DeviceError, match="No space left on device on the device"):
        connection.send_file(path, hashlib.sha256(path.read_bytes()).hexdigest())
    device.processes[-1].wait(SOON_S)
    assert list((device.cache / "files").iterdir()) == []


def test_a_host_that_leaves_in_the_middle_of_a_file_leaves_nothing(
    device: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.link.connection.LAST_WORDS_S", SOON_S)  # it ends by itself, however slow
    connection = device.connect()
    connection.send(FilePart(digest="0" * 64, size=100, data="", last=False))
    wait_until(lambda: list((device.cache / "files").iterdir()))
    connection.close()
    device.processes[-1].wait(SOON_S)
    assert list((device.cache / "files").iterdir()) == []
