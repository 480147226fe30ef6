"""Files named by their digest: whole or not there."""

import hashlib
import os
from pathlib import Path

import pytest

from bench.cache.store import SYNC_BYTES, Incoming, Store, default_cache, usable_cache
from bench.devices.file import locate
from bench.errors import UsageError
from tests.conftest import Mount

DATA = b"a graph, perhaps"
DIGEST = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def names(store: Store) -> list[str]:
    return sorted(path.name for path in store.folder.iterdir())


def test_bytes_are_found_by_their_digest(store: Store) -> None:
    assert not store.has(DIGEST)
    assert store.add_bytes(DATA) == DIGEST
    assert store.has(DIGEST)
    assert store.path(DIGEST).read_bytes() == DATA
    assert names(store) == [DIGEST]


def test_adding_twice_is_adding_once(store: Store) -> None:
    assert store.add_bytes(DATA) == store.add_bytes(DATA)
    assert names(store) == [DIGEST]


def test_a_finished_file_is_moved_in(store: Store) -> None:
    path = store.folder / "made"
    path.write_bytes(DATA)
    assert store.add_file(path) == DIGEST
    assert names(store) == [DIGEST]


def test_a_file_may_come_in_parts(store: Store) -> None:
    incoming = Incoming(store, DIGEST, len(DATA))
    incoming.write(DATA[:5])
    assert not store.has(DIGEST)
    incoming.write(DATA[5:])
    incoming.finish()
    assert store.path(DIGEST).read_bytes() == DATA


@pytest.mark.parametrize(
    "data", [DATA[:-1], DATA[:-1] + b"?", b""], ids=["too short", "other bytes of that length", "nothing"]
)
def test_other_bytes_are_refused_and_leave_nothing(store: Store, data: bytes) -> None:
    incoming = Incoming(store, DIGEST, len(DATA))
    incoming.write(data)
    with pytest.raises(ValueError, match="other bytes came"):
        incoming.finish()
    assert names(store) == []


def test_more_bytes_than_announced_are_refused_at_once(store: Store) -> None:
    incoming = Incoming(store, DIGEST, 4)
    with pytest.raises(ValueError, match="more bytes came"):
        incoming.write(DATA)
    assert names(store) == []


def test_a_large_file_reaches_the_disk_on_the_way(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Or the last sync would take a slow card longer than the agent may be silent."""
    synced: list[int] = []
    monkeypatch.setattr("os.fsync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    data = bytes(SYNC_BYTES // 4)
    incoming = Incoming(store, hashlib.sha256(data * 10).hexdigest(), 10 * len(data))
    for _ in range(10):
        incoming.write(data)
    assert synced == [SYNC_BYTES, 2 * SYNC_BYTES]
    incoming.finish()
    assert synced[2:] == [10 * len(data)]


def test_only_what_is_named_is_kept(store: Store) -> None:
    store.add_bytes(b"nobody asks for it again")
    store.add_bytes(DATA)
    Incoming(store, DIGEST, len(DATA))._file.close()  # as a killed process leaves it
    (store.folder / ".convert-1").mkdir()  # and a killed converter
    (store.folder / ".convert-1" / "network.pt2").write_bytes(DATA)
    store.keep_only({DIGEST, "f" * 64, ""})
    assert names(store) == [DIGEST]


def test_what_is_given_up_leaves_nothing(store: Store) -> None:
    incoming = Incoming(store, DIGEST, len(DATA))
    incoming.write(DATA[:5])
    incoming.abort()
    incoming.abort()
    assert names(store) == []


@pytest.mark.parametrize(
    "digest",
    ["", "../../etc/passwd", "a" * 63, "a" * 65, "A" * 64, "g" * 64, "/" + "a" * 63, "a" * 64 + "\n", "a" * 63 + "\0"],
)
def test_what_is_no_digest_becomes_no_path(store: Store, digest: str) -> None:
    with pytest.raises(ValueError, match="expected a SHA-256"):
        store.path(digest)
    with pytest.raises(ValueError, match="expected a SHA-256"):
        Incoming(store, digest, 1)
    assert names(store) == []


def test_the_cache_is_where_the_environment_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path))
    assert default_cache() == tmp_path
    monkeypatch.setenv("BENCH_CACHE", "")
    assert default_cache() == Path.home() / ".cache/bench"


@pytest.fixture
def homeless(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user whom nobody knows, as with `docker run --user`."""

    def unknown(uid: int) -> object:
        raise KeyError(uid)

    monkeypatch.delenv("BENCH_CACHE", raising=False)
    monkeypatch.delenv("HOME")
    monkeypatch.setattr("pwd.getpwuid", unknown)


@pytest.mark.usefixtures("homeless")
def test_a_user_without_a_home_is_told_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="this user has none; set BENCH_CACHE"):
        default_cache()
    assert locate() is None, "nor is there a devices.yaml"


def test_a_cache_that_cannot_be_made_is_said_with_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file/below", tmp_path / ("a" * 300)):
        monkeypatch.setenv("BENCH_CACHE", str(folder))
        with pytest.raises(UsageError, match="set BENCH_CACHE to a folder that can be written"):
            usable_cache()
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "new/cache"))
    assert list(usable_cache().iterdir()) == []


@pytest.mark.root
@pytest.mark.skipif(os.geteuid() != 0, reason="mounts a tmpfs")
def test_a_cache_on_a_full_disk_is_said_before_anything_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mounted: Mount
) -> None:
    mounted(tmp_path / "cache", "64k")
    (tmp_path / "cache/filler").write_bytes(bytes(64 << 10))
    monkeypatch.setenv("BENCH_CACHE", str(tmp_path / "cache"))
    with pytest.raises(UsageError, match="No space left on device; make room there, or set BENCH_CACHE"):
        usable_cache()
