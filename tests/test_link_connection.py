"""The host's end of an agent against a hostile one: it gets a message or a BenchError, in bounded time."""

import json
import os
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.agent.environment import probe
from bench.errors import DeviceError, LinkLostError, ProtocolError
from bench.wire.decode import encode
from bench.wire.lease import Lease
from bench.wire.message import Message, encode_line
from bench.wire.messages import BODIES, Alive, FilePart, Hello, Idle, Said, Step, Stored, message
from tests.hostile_device import HASTY, Hostile, hostile


def hear(data: bytes) -> list[Said]:
    """All messages the host takes from these bytes and the end after them."""
    taken: list[Said] = []
    with hostile() as device:
        device.say(data, and_leave=True)
        with pytest.raises(DeviceError):
            hear_all(device, taken)
    return taken


def hear_all(device: Hostile, taken: list[Said]) -> None:
    """Listen until an error ends it, as it must: the pipe has an end, and a device that waits says so."""
    while (said := device.connection.receive(10)) is not None:
        taken.append(said)


def line(seq: int = 1, **changed: object) -> bytes:
    fields = {"v": 2, "run": "run", "unit": "", "attempt": 0, "worker": 0, "seq": seq, "type": "idle", "body": {}}
    fields |= changed
    return json.dumps(fields).encode() + b"\n"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=12,
)
LINES = JSON.map(lambda value: json.dumps(value).encode() + b"\n")
KEYS = st.sampled_from(["v", "run", "unit", "attempt", "worker", "seq", "type", "body", "more"])
MUTATED = st.dictionaries(KEYS, JSON, max_size=3).map(lambda changed: line(**changed))  # type: ignore[arg-type]


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode() + b"\n") | MUTATED, max_size=5)
)
def test_no_bytes_bring_anything_but_a_message_or_an_error(parts: list[bytes]) -> None:
    for said in hear(b"".join(parts)):
        assert type(said.body) in BODIES.values()


def test_a_stream_cut_at_any_byte_gives_only_whole_messages() -> None:
    first, second = (line(seq, type="step", body={"text": str(seq)}) for seq in (1, 2))
    whole = first + second
    for cut in range(len(whole) + 1):
        taken = [said.body for said in hear(whole[:cut])]
        assert taken == [Step(text="1"), Step(text="2")][: (cut >= len(first)) + (cut >= len(whole))]


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (line(2), "expected message 1"),
        (line(1) + line(1), "expected message 2"),
        (line(1, run="other"), "'other'"),
        (line(1, v=1), "update the code"),
        (b'{"v": 1, "v": 1}\n', "repeated"),
        (line(1, body={"x": float("nan")}), "NaN"),
        (line(1, body={"x": 10**40}), "digits"),
        (b"[" * 100_000 + b"\n", "JSON"),
        (b"\xff\n", "JSON"),
        (b"x" * 3_000_000, "at most 1048576 bytes"),
        (line(1, type="error", body={"kind": "protocol", "message": "a\nb\x1b[2Jc"}), "a b"),
        (line(1, type="poem"), "known message"),
        (line(1, body={"x": 1}), "unknown field 'x'"),
        (line(1, type="fatal", body={"kind": "bored", "reason": ""}), "expected one of"),
        (line(1, type="bursts", body={"seconds": [-1.0]}), "positive burst times"),
    ],
)
def test_a_broken_line_is_a_protocol_error_in_one_line(data: bytes, says: str) -> None:
    with hostile() as device:
        device.say(data)
        with pytest.raises(ProtocolError) as caught:
            hear_all(device, [])
    told = str(caught.value)
    assert says in told
    assert told.isprintable()
    assert len(told) < 500


def test_endless_noise_is_bounded_by_the_line_limit() -> None:
    assert hear(b"y" * 5_000_000) == []


def test_silence_for_a_lease_is_a_lost_link() -> None:
    with hostile(HASTY) as device, pytest.raises(LinkLostError, match=r"nothing was heard for 1\.5 s"):
        device.connection.receive(10)


def test_silence_within_a_record_is_a_lost_link_too() -> None:
    """The whole record before it counts, the half one does not."""
    with hostile(HASTY) as device:
        device.say(line(1) + line(2)[:-20])
        assert device.connection.receive(10) == Said(body=Idle())
        with pytest.raises(LinkLostError, match=r"nothing was heard for 1\.5 s"):
            device.connection.receive(10)


def test_a_device_that_reads_nothing_is_a_lost_link() -> None:
    with hostile(HASTY) as device, pytest.raises(LinkLostError, match="took no more data"):
        device.connection.send(FilePart(data="x" * 500_000, last=True))


def test_heartbeats_renew_the_lease_and_are_not_messages() -> None:
    with hostile(Lease(heartbeat_s=0.1, lease_s=60)) as device:
        pipe = device.connection._pipe
        for seq in range(1, 4):
            pipe.heard = time.monotonic() - 50
            device.say(line(seq, type="alive"), and_wait=True)
            assert device.connection.receive(0.5) is None
            assert pipe.heard > time.monotonic() - 40
        assert b'"type":"alive"' in os.read(device.ends.listen, 1 << 16), "the host beats as well"


def test_an_answer_is_not_waited_for_without_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.link.connection.ANSWER_LEASES", 0.02)
    with hostile(Lease(heartbeat_s=0.05, lease_s=60)) as device:
        over = threading.Event()

        def beat() -> None:
            seq = 0
            while not over.wait(0.05):
                seq += 1
                device.say(line(seq, type="alive"))

        beating = threading.Thread(target=beat)
        beating.start()
        try:
            with pytest.raises(ProtocolError, match="expected 'stored', nothing but heartbeats came"):
                device.connection.wait_for(Stored)
        finally:
            over.set()
            beating.join()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"environment": {}, "clock": 1.0},
        {"environment": [], "clock": 1.0},
        {"environment": {"machine": 1}, "clock": 1.0},
        {"clock": "noon"},
        {"pid": 1.5},
    ],
)
def test_a_malformed_greeting_is_a_protocol_error(body: dict[str, object], tmp_path: Path) -> None:
    greeting = {"environment": encode(probe(tmp_path, ())), "clock": 1.0, "pid": 1}
    changed = body if not body or "environment" in body else greeting | body
    with hostile() as device:
        device.say(encode_line(Message(type="hello", body=changed, run="run", seq=1)))
        with pytest.raises(ProtocolError):
            device.connection.start()


def test_digests_that_were_not_asked_about_are_refused() -> None:
    with hostile() as device:
        device.say(line(1, type="missing", body={"digests": ["/etc/passwd"]}))
        with pytest.raises(ProtocolError):
            device.connection.missing(["0" * 64])


def test_the_end_of_the_pipe_asks_the_transport_why() -> None:
    with hostile() as device:
        device.ends.shut("speak", "listen")
        with pytest.raises(LinkLostError, match="gone"):
            device.connection.receive(10)


def test_what_came_while_nobody_listened_counts_as_heard() -> None:
    with hostile(HASTY) as device:
        device.say(line(1, type="alive") + line(2))
        time.sleep(2 * HASTY.lease_s)
        assert device.connection.receive(10) == Said(body=Idle())


def test_the_wait_for_the_lock_is_no_silence(tmp_path: Path) -> None:
    lease = Lease(heartbeat_s=0.1, lease_s=0.2, lock_wait_s=30.0)
    with hostile(lease) as device:
        hello = Hello(environment=probe(tmp_path, ()), clock=1.0, pid=1)
        greeting = encode_line(message(hello, run="run", seq=1))
        threading.Timer(1.0, device.say, (greeting,)).start()
        device.connection.start()


def test_errors_name_the_device() -> None:
    with hostile() as device:
        device.connection._prefix = "board: "
        device.say(line(7))
        with pytest.raises(ProtocolError, match=r"^board: expected message 1"):
            device.connection.receive(10)


def test_an_interrupt_ends_a_wait() -> None:
    with hostile() as device:
        threading.Timer(0.05, device.connection.interrupt).start()
        assert device.connection.receive(30) is None


NO_SPACE = {"kind": "disk", "message": "No space left on device on the device (/home/pi/.cache/bench)"}


@pytest.mark.parametrize("how", ["its output ends", "its input is closed", "its input is closed before it speaks"])
def test_what_a_device_said_while_a_file_was_on_its_way_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The host sees a full or a broken pipe; why stands in what the device says as it leaves."""
    monkeypatch.setattr("bench.link.connection.LAST_WORDS_S", 60.0)  # the words end the wait
    large = tmp_path / "large"
    large.write_bytes(bytes(4 << 20))
    words = line(1, type="error", body=NO_SPACE)
    with hostile() as device:
        if how == "its input is closed before it speaks":
            device.ends.shut("listen")
            threading.Timer(0.2, device.say, (words,)).start()
        else:
            device.say(words, and_leave=how == "its output ends")
        if how == "its input is closed":
            device.ends.shut("listen")
        with pytest.raises(DeviceError, match="No space left on device"):
            device.connection.send_file(large, "0" * 64)


def test_closing_twice_leaves_alone_what_took_the_descriptors_since() -> None:
    with hostile() as device:
        device.connection.close()
        reader, writer = os.pipe()
        device.connection.close()
        os.write(writer, b"!")
        assert os.read(reader, 1) == b"!"
        os.close(reader)
        os.close(writer)


def test_an_input_that_is_closed_in_silence_is_a_lost_link(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.link.connection.LAST_WORDS_S", 0.1)
    with hostile() as device:
        device.ends.shut("listen")
        with pytest.raises(LinkLostError, match="the link broke"):
            device.connection.send(Alive())


def test_an_input_and_an_output_that_are_closed_ask_the_transport_why() -> None:
    with hostile() as device:
        device.ends.shut("listen", "speak")
        with pytest.raises(LinkLostError, match="gone"):
            device.connection.send(Alive())


def test_a_file_that_is_gone_is_that_devices_problem(tmp_path: Path) -> None:
    with hostile() as device, pytest.raises(DeviceError, match="got No such file or directory; what emptied"):
        device.connection.send_file(tmp_path / "gone", "0" * 64)


def test_an_agent_that_greets_with_anything_else_is_refused() -> None:
    with hostile() as device:
        device.say(line(1, type="bye"))
        with pytest.raises(ProtocolError, match="expected 'hello', got 'bye'"):
            device.connection.start()
