"""What a gate measures: each subject in turn, then once more."""

from collections.abc import Sequence

import pytest

from bench.errors import UsageError
from bench.plan.axes import Axes
from bench.plan.gate_pairs import gate_pairs
from bench.plan.names import Asked
from bench.plan.sides import Side, parse_side
from bench.records.device import Device
from bench.records.origin import Origin
from bench.records.pair import MOST_PAIRS, Pair
from bench.wire.messages import Network

HERE, BASE, HEAD = Origin(), Origin(folder="/base", label="base 1234567"), Origin(folder="/head", label="head")
OPERATORS = ("conv,size=16x8x8", "pconv,size=16x8x8")


class Networks:
    """`net:good` is built at both revisions; others fail where they are said to."""

    def __init__(self, **failing: str) -> None:
        self.failing = failing

    def inspect(self, sources: Sequence[str], _: Asked, origin: Origin) -> dict[str, Network]:
        found = {}
        for source in sources:
            failed = self.failing.get(source.partition(":")[2], "") in (origin.folder.lstrip("/"), "both")
            reason = f"no {source}" if failed else ""
            found[source] = Network(source=source, input_shape=(3, 8, 8), digest=origin.folder, reason=reason)
        return found


def pairs(
    *texts: str, number: int = 4, origins: tuple[Origin, Origin] = (BASE, HEAD), slowdown: float = 1.0, **failing: str
) -> tuple[Pair, ...]:
    sides: list[Side] = list(map(parse_side, texts))
    inspect = Networks(**failing).inspect
    return gate_pairs(sides, inspect, Axes(), [Device(name="cpu")], number, origins, slowdown)


def test_subjects_take_turns_and_the_second_measurement_comes_last() -> None:
    made = pairs(*OPERATORS, number=3)
    assert [(pair.first.workload.name, pair.first.round) for pair in made] == [
        *[(name, number) for number in range(3) for name in ("conv", "pconv")],
        *[(name, MOST_PAIRS + number) for number in range(3) for name in ("conv", "pconv")],
    ]
    assert len({pair.id for pair in made}) == 12
    assert len({pair.cell for pair in made}) == 2
    assert [pair.again for pair in made] == [False] * 6 + [True] * 6


def test_ten_pairs_confirm_however_many_there_were() -> None:
    assert sum(pair.again for pair in pairs(OPERATORS[0], number=200)) == 10


def test_each_side_comes_from_its_revision() -> None:
    (pair, *_) = pairs("net:good")
    assert (pair.first.origin, pair.second.origin) == (BASE, HEAD)
    assert pair.first.workload.model is not None
    assert pair.first.workload.model.digest == "/base"


def test_a_slowdown_is_planted_in_all_pairs() -> None:
    made = pairs(OPERATORS[0], origins=(HERE, HERE), slowdown=1.1)
    assert {pair.slowdown for pair in made} == {1.1}
    assert made[0].first == made[0].second


@pytest.mark.parametrize("where", ["base", "head"])
def test_what_is_broken_at_one_revision_is_planned_and_will_say_why(where: str) -> None:
    made = pairs("net:bad", "net:good", bad=where)
    assert [pair.first.workload.name for pair in made[:2]] == ["net:bad", "net:good"]
    assert made[0].second.workload.input_shape == (3, 8, 8)


def test_what_is_broken_at_both_is_a_mistake() -> None:
    with pytest.raises(UsageError, match="no net:bad"):
        pairs("net:bad", bad="both")
    with pytest.raises(UsageError, match="no net:bad"):
        pairs("net:bad", bad="both", origins=(HERE, HERE))


def test_a_subject_named_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="expected each subject once, got 'conv,size=16x8x8'"):
        pairs("conv,size=16x8x8", "conv,size=16x8x8")


def test_a_file_by_its_whole_path_is_the_same_at_every_revision() -> None:
    with pytest.raises(UsageError, match="expected a file by its path from here, got '/head/net"):
        pairs("/head/net.onnx")


def test_a_gpu_is_not_slowed_down_by_a_loop_of_the_cpu() -> None:
    gpu = Device(name="cuda", accelerator="cuda:0")
    with pytest.raises(UsageError, match="expected a CPU for a planted slowdown, which its loop makes, got cuda"):
        gate_pairs([parse_side(OPERATORS[0])], Networks().inspect, Axes(), [gpu], 4, (HERE, HERE), 1.1)
