"""In which order units run, which share a worker, and which networks are timed against each other."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bench.plan.axes import Axes, cells
from bench.plan.schedule import WORKER_UNITS, all_rounds, claim_pairs, grouped, ordered
from bench.plan.subjects import TABLE1_SIZES, OperatorGrid, operator_workloads
from bench.wire.message import MAX_LINE_BYTES, encode_line
from bench.wire.messages import message
from bench.wire.order import Job, Order, Task
from tests.table1 import CPU, default_cells, network


def test_each_round_visits_every_cell_once_in_an_order_of_its_own() -> None:
    table = default_cells()
    units = ordered(all_rounds(table, 5), seed=7)
    rounds = [[unit.cell for unit in units[start : start + 16]] for start in range(0, 80, 16)]
    assert [{unit.round for unit in units[start : start + 16]} for start in range(0, 80, 16)] == [
        {number} for number in range(5)
    ]
    assert all(set(order) == {unit.cell for unit in table} for order in rounds)
    assert len({tuple(order) for order in rounds}) == 5


def test_the_seed_repeats_the_order_and_another_one_changes_it() -> None:
    units = all_rounds(default_cells(), 3)
    assert ordered(units, seed=7) == ordered(reversed(units), seed=7)
    assert ordered(units, seed=7) != ordered(units, seed=8)


@given(st.integers(0, 2**32), st.integers(1, 4))
def test_ordering_loses_and_adds_nothing(seed: int, rounds: int) -> None:
    units = all_rounds(default_cells()[:3], rounds)
    assert sorted(unit.id for unit in ordered(units, seed)) == sorted(unit.id for unit in units)


def test_operators_of_one_round_share_a_worker_and_a_network_has_its_own() -> None:
    axes = Axes(runtimes=("eager", "onnxruntime"), threads=(1, 2))
    operators = cells(operator_workloads(OperatorGrid(sizes=TABLE1_SIZES[:1])), axes, CPU, ())
    networks = cells([network("fasternet_t0"), network("fasternet_t1")], Axes(), CPU, ("eager",))
    units = all_rounds((*operators, *networks), 2)
    groups = list(grouped(units))
    assert sorted(unit.id for group in groups for unit in group) == sorted(unit.id for unit in units)
    # Two rounds, two runtimes, two thread counts for operators; two rounds of two networks.
    assert len(groups) == 2 * 2 * 2 + 2 * 2
    for group in groups:
        assert len({(unit.round, unit.runtime, unit.threads, unit.settings) for unit in group}) == 1
        assert len(group) == 1 or all(unit.workload.kind == "op" for unit in group)


def test_units_that_share_a_worker_share_its_allocator_and_one_that_gives_memory_back_is_alone() -> None:
    axes = Axes(allocators=("system", "retained", "jemalloc"))
    operators = cells(operator_workloads(OperatorGrid(sizes=TABLE1_SIZES[:1])), axes, CPU, ("eager",))
    groups = [{unit.allocator for unit in group} for group in grouped(operators)]
    # Four operators: each alone where the one before it would change malloc's threshold, together elsewhere.
    assert sorted(map(sorted, groups)) == [["jemalloc"], ["retained"], *[["system"]] * 4]


def test_units_that_share_a_worker_share_its_switches() -> None:
    """One of ncnn's is a variable that the process starts with."""
    axes = Axes(runtimes=("ncnn",), switches={"spinning": ("on", "off")})
    groups = list(grouped(cells(operator_workloads(OperatorGrid(sizes=TABLE1_SIZES[:1])), axes, CPU, ())))
    assert sorted({unit.switches for unit in group} for group in groups) == [{()}, {("spinning=off",)}]


def test_no_job_is_longer_than_a_line_may_be() -> None:
    """An unbounded worker of a large sweep would be one line of more than a MiB, and the agent would refuse it."""
    units = tuple(replace(default_cells()[0], seed=number) for number in range(2 * WORKER_UNITS + 1))
    groups = list(grouped(units))
    assert [unit for group in groups for unit in group] == list(units)
    assert [len(group) for group in groups] == [WORKER_UNITS, WORKER_UNITS, 1]
    orders = tuple(Order(unit=unit, reference="0" * 64, model="0" * 64, deadline_s=123.456789) for unit in groups[0])
    job = Job(task=Task(kind="measure", orders=orders))
    assert len(encode_line(message(job))) < MAX_LINE_BYTES / 2


def test_rounds_share_a_cell() -> None:
    units = all_rounds(default_cells(), 3)
    assert len({unit.id for unit in units}) == 48
    assert len({unit.cell for unit in units}) == 16


def test_a_claim_is_paired_where_nothing_but_the_network_differs() -> None:
    networks = [network("fasternet_t0"), network("fasternet_t1"), network("fasternet_t2")]
    table = cells(networks, Axes(batches=(1, 8), runtimes=("eager", "onnxruntime")), CPU, ())
    pairs = claim_pairs(table, [("fasternet_t0", "fasternet_t1")], pairs=4)
    assert len(pairs) == 4 * 4
    assert len({pair.cell for pair in pairs}) == 4
    assert len({pair.id for pair in pairs}) == 16
    for pair in pairs:
        assert (pair.first.workload.name, pair.second.workload.name) == ("fasternet_t0", "fasternet_t1")
        assert replace(pair.second, workload=pair.first.workload) == pair.first


def test_a_claim_without_both_networks_is_no_pair() -> None:
    table = cells([network("fasternet_t0")], Axes(), CPU, ("eager",))
    assert claim_pairs(table, [("fasternet_t0", "fasternet_t1")], pairs=4) == ()
