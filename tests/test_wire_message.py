"""Lines between host and agent: what is sent comes back; anything else is a ProtocolError and nothing worse."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.errors import ProtocolError
from bench.wire.message import MAX_DEPTH, MAX_LINE_BYTES, Message, decode_line, encode_line, parse_json

NUMBERS = st.integers(-(10**19), 10**19) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
MESSAGES = st.builds(Message, body=st.dictionaries(st.text(), VALUES, max_size=3), seq=st.integers(0, 10**6))


def line(**changes: Any) -> bytes:
    fields = {
        "v": 2,
        "run": "r",
        "unit": "",
        "attempt": 0,
        "worker": 0,
        "seq": 1,
        "type": "alive",
        "body": {},
    } | changes
    return json.dumps({key: value for key, value in fields.items() if value is not ...}).encode()


@given(MESSAGES)
def test_a_message_comes_back_from_its_one_line(message: Message) -> None:
    data = encode_line(message)
    assert data.endswith(b"\n")
    assert data.count(b"\n") == 1
    assert decode_line(data) == message
    assert decode_line(data[:-1]) == message


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_protocol_error(data: bytes) -> None:
    with pytest.raises(ProtocolError) as caught:
        decode_line(data)
    assert len(str(caught.value)) < 300


@given(VALUES)
def test_no_json_does_worse_than_a_protocol_error(value: Any) -> None:
    with pytest.raises(ProtocolError):
        decode_line(json.dumps({"type": "alive", "body": value}).encode())


@given(MESSAGES, st.data())
def test_a_damaged_line_decodes_or_is_a_protocol_error(message: Message, data: st.DataObject) -> None:
    sent = bytearray(encode_line(message))
    for _ in range(data.draw(st.integers(1, 4))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode_line(bytes(sent))
    except ProtocolError:
        return
    assert decode_line(encode_line(found)) == found


def test_a_message_may_fill_a_line_but_not_more() -> None:
    room = MAX_LINE_BYTES - len(encode_line(Message(type="x", body={"t": ""})))
    assert len(encode_line(Message(type="x", body={"t": "a" * room}))) == MAX_LINE_BYTES
    with pytest.raises(ProtocolError, match=f"at most {MAX_LINE_BYTES} bytes"):
        encode_line(Message(type="x", body={"t": "a" * (room + 1)}))
    with pytest.raises(ProtocolError, match=f"at most {MAX_LINE_BYTES} bytes"):
        decode_line(b" " * MAX_LINE_BYTES + b"{}")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "JSON"),
        (b"{", "JSON"),
        (b"\xff\xfe", "JSON"),
        (b"[1]", "exactly the keys"),
        (b"null", "exactly the keys"),
        (line(extra=1), "exactly the keys"),
        (line(unit=...), "exactly the keys"),
        (line(v=1), "protocol version 2"),
        (line(v=True), "v to be int"),
        (line(seq="1"), "seq to be int"),
        (line(attempt=True), "attempt to be int"),
        (line(run=None), "run to be str"),
        (line(body=[]), "body to be dict"),
        (line(type=7), "type to be str"),
        (b'{"v":1,"v":1,"run":"","unit":"","attempt":0,"seq":1,"type":"x","body":{}}', "repeated"),
        (line()[:-3] + b'{"a":1,"a":2}}', "repeated"),
        (line(body={"a": float("nan")}), "NaN is not allowed"),
        (line(body={"a": float("-inf")}), "-Infinity is not allowed"),
        (line()[:-3] + b'{"a":1e999}}', "not finite"),
        (line(seq=10**20), "more than 20 digits"),
        (line(body={"a": "\ud800"}), "text"),
        (b"[" * 100_000, "JSON"),
        (b'{"a":' * 100_000, "JSON"),
    ],
)
def test_hostile_lines(data: bytes, reason: str) -> None:
    with pytest.raises(ProtocolError, match=reason):
        decode_line(data)


def test_nesting_ends_at_the_limit() -> None:
    def nested(depth: int) -> bytes:
        return b"[" * depth + b"]" * depth

    parse_json(nested(MAX_DEPTH - 1))
    with pytest.raises(ProtocolError, match="nested at most"):
        parse_json(nested(MAX_DEPTH + 1))


def test_letters_of_any_script_pass() -> None:
    message = Message(type="record", body={"reason": "größer als 5 µs 😀 ~"})
    assert decode_line(encode_line(message)) == message
    assert encode_line(message).isascii()


def test_nothing_that_json_lacks_is_sent() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode_line(Message(type="x", body={"a": float("nan")}))
