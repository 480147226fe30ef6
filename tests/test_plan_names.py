"""From names to workloads: what becomes of a network that cannot be built."""

from collections.abc import Sequence

import pytest

from bench.errors import UsageError
from bench.plan.names import network_workloads
from bench.wire.messages import Network


def inspect(sources: Sequence[str], input_px: int | None) -> dict[str, Network]:
    """Builds what is called good, at 32 pixels."""
    good = {source for source in sources if "good" in source}
    return {
        source: Network(source=source, input_shape=(3, 32, 32), digest="d")
        if source in good
        else Network(source=source, reason=f"expected {source} to make a network")
        for source in sources
    }


def shapes(*names: str, input_px: int | None = None) -> dict[str, tuple[int, int, int]]:
    made = network_workloads(inspect, names, input_px, forms=("plain",), fused=True)
    return {each.name: each.input_shape for each in made}


def test_a_bad_factory_costs_its_rows_and_not_the_run() -> None:
    found = shapes("mine:good", "mine:bad", "fasternet_t0")
    assert found == {"mine:good": (3, 32, 32), "mine:bad": (3, 224, 224), "fasternet_t0": (3, 224, 224)}
    assert shapes("mine:good", "mine:bad", input_px=64)["mine:bad"] == (3, 64, 64)


@pytest.mark.parametrize("names", [("mine:bad",), ("mine:bad", "mine:bad_too"), ("mine:good", "timm:bad")])
def test_nothing_begins_where_no_row_could_come_of_it_or_a_library_has_no_such_network(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="to make a network"):
        shapes(*names)


def test_each_network_may_have_a_size_of_its_own() -> None:
    asked: list[tuple[Sequence[str], int | None]] = []

    def look(sources: Sequence[str], input_px: int | None) -> dict[str, Network]:
        asked.append((sources, input_px))
        side = input_px or 8
        return {source: Network(source=source, input_shape=(3, side, side)) for source in sources}

    names = ("mine:a", "mine:b", "fasternet_t0", "resnet50", "mine:c")
    sizes = {"mine:a": 32, "mine:b": 64, "fasternet_t0": 224, "resnet50": 160}
    made = network_workloads(look, names, None, forms=("plain",), fused=True, sizes=sizes)
    assert [each.input_shape[1] for each in made] == [32, 64, 224, 160, 8]
    assert [each.variant for each in made] == ["", "", "", "160px", ""]
    # One look for each size; a network of the zoo at its own size needs none.
    assert asked == [(["mine:a"], 32), (["mine:b"], 64), (["mine:c"], None), (["resnet50"], 160)]
