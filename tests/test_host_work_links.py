"""A link that breaks, for good or for a moment, and a device that talks nonsense: what becomes of the units."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from bench.errors import DeviceError, LinkLostError, ProtocolError
from bench.records.artifact import Artifact
from bench.wire.messages import Bye, Said
from bench.wire.order import Job
from tests.fake_device import FakeDevice, Line, all_well, begin, done
from tests.made_up import environment, record, unit
from tests.one_machine import DONE, QUICK, UNITS, Bench, failing

A, B, C = UNITS


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_a_link_that_comes_back_loses_nothing(bench: Bench) -> None:
    device = failing(B, LinkLostError("broken pipe"), times=1)
    assert bench.run(device) is None
    assert bench.ends() == {"conv": DONE, "gconv": DONE, "pconv": DONE}
    assert device.connected == 2


def test_a_link_that_stays_away_loses_what_is_left(bench: Bench) -> None:
    device = failing(B, LinkLostError("broken pipe"))
    device._connects.extend([None, *[LinkLostError("no route")] * 3])
    lost = bench.run(device)
    assert isinstance(lost, LinkLostError)
    assert bench.ends() == {"conv": DONE, "gconv": ("lost", "offline", 1), "pconv": ("lost", "offline", 1)}
    assert bench.record(C).reason == "no route"


def test_a_unit_that_breaks_the_link_each_time_is_not_tried_for_ever_and_costs_itself_alone(bench: Bench) -> None:
    """A board that the unit itself brings down comes back each time."""
    device = failing(B, LinkLostError("rebooted"))
    assert bench.run(device) is None
    assert bench.ends() == {"conv": DONE, "gconv": ("failed", "offline", 1), "pconv": DONE}
    assert bench.record(B).reason == "the link broke each time that it ran: rebooted"
    assert device.connected == 2 + len(QUICK.reconnect_s)


def test_a_link_that_breaks_before_any_unit_begins_loses_what_is_left(bench: Bench) -> None:
    device = FakeDevice(lambda job: [LinkLostError("rebooted")])
    assert isinstance(bench.run(device), LinkLostError)
    assert set(bench.ends().values()) == {("lost", "offline", 1)}
    assert device.connected == 1 + len(QUICK.reconnect_s)


def test_links_lost_now_and_then_do_not_add_up(bench: Bench) -> None:
    """Each loss is followed by a unit that ends: the device is slow to reach, not gone."""
    units = tuple(unit(round_number=number) for number in range(10))
    seen: set[str] = set()

    def script(job: Job) -> list[Line]:
        (order,) = job.task.orders
        if order.unit.id in seen:
            return all_well(job)
        seen.add(order.unit.id)
        return [begin(order.unit), LinkLostError("gone")]

    assert bench.run(FakeDevice(script), units) is None
    assert bench.ends() == {"conv": DONE}
    assert bench.written() == {"conv": 10}


def test_a_device_that_came_back_as_another_is_lost(bench: Bench) -> None:
    device = failing(B, LinkLostError("rebooted"))
    first = device.script

    def script(job: Job) -> Iterator[Line]:
        device.found = environment("another kernel")
        yield from first(job)

    device.script = script
    lost = bench.run(device)
    assert isinstance(lost, DeviceError)
    assert "not what it was" in str(lost)
    assert bench.ends()["gconv"][:2] == ("lost", "offline")


@pytest.mark.parametrize(
    "nonsense",
    [
        begin(unit("tconv")),
        begin(A, attempt=2),
        done(unit("tconv")),
        done(A, attempt=7),
        Said(body=Artifact(), unit=A.id, attempt=1),
        Said(body=Bye(), unit=A.id, attempt=1),
        Said(body=record(A), unit=A.id, attempt=1),  # counts are the host's affair
        ProtocolError("expected JSON"),
    ],
)
def test_a_device_that_talks_nonsense_is_lost_and_not_asked_again(bench: Bench, nonsense: Line) -> None:
    device = FakeDevice(lambda _: [begin(A), nonsense])
    assert isinstance(bench.run(device), ProtocolError)
    assert set(bench.ends().values()) == {("lost", "protocol", 1)}
    assert device.connected == 1


def test_a_record_with_another_units_number_is_refused(bench: Bench) -> None:
    """A device may not say how another unit ended."""
    swapped = done(B)
    device = FakeDevice(lambda _: [begin(A), replace(swapped, unit=A.id)])
    assert isinstance(bench.run(device), ProtocolError)
