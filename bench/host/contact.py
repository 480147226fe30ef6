"""The first contact with every machine of a run, side by side: the slowest to answer may take minutes."""

from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import Any

from bench.errors import BenchError
from bench.host.machine import Machine
from bench.records.environment import Environment
from bench.records.workload import Unit


def environment_of(machine: Machine) -> Environment:
    """What was found there; it is connected where it was not yet."""
    return machine.found or machine.connect()


def reach(machines: Sequence[Machine], host: Machine, named: Sequence[Unit], stop: Event) -> None:
    """Connect them all, and the host, which may be none of them; a machine that can't be reached is lost.

    `named` are units that name a Python of their own, which is looked at. BenchError where the host is not there.
    """
    contacts: list[Future[None]] = []

    def all_contacted() -> bool:
        # Read by the pool's threads while the list is still growing: it counts once it is whole.
        return len(contacts) == len(machines) and all(contact.done() for contact in contacts)

    def idle(machine: Machine, contact: "Future[Any]") -> None:
        # An agent that hears nothing for a lease leaves.
        if contact.exception() is None:
            machine.idle(all_contacted)

    with ThreadPoolExecutor(2 * len(machines) + 2) as pool:
        first = pool.submit(environment_of, host)
        contacts += [pool.submit(_contact, machine, host, first, named) for machine in machines]
        waits = [pool.submit(idle, machine, contact) for machine, contact in zip(machines, contacts, strict=True)]
        if host not in machines:
            waits.append(pool.submit(idle, host, first))
        for machine, contact, idling in zip(machines, contacts, waits, strict=False):
            try:
                contact.result()
                idling.result()
            except BenchError as error:
                machine.lose(error)
        if not stop.is_set():
            first.result()


def _contact(machine: Machine, host: Machine, first: "Future[Environment]", named: Sequence[Unit]) -> None:
    if machine is host:
        first.result()
    else:
        machine.connect()
    machine.identify()
    machine.check_origins(named, here=machine is host)
