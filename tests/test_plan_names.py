"""From names to workloads: what becomes of a network that cannot be built."""

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import pytest

from bench.errors import UsageError
from bench.plan.estimate import macs_of
from bench.plan.names import Asked, network_workloads
from bench.plan.subjects import network_entry
from bench.records.workload import GivenInputs, Workload
from bench.wire.decode import decode, encode
from bench.wire.messages import Network
from models.registry import Pixels
from operators.axes import Value
from tests.made_up import unit

OLD_ID = "d6164062706121e9"


def inspect(sources: Sequence[str], asked: Asked) -> dict[str, Network]:
    """Builds what is called good, at 32 pixels."""
    good = {source for source in sources if "good" in source}
    return {
        source: Network(source=source, input_shape=(3, 32, 32), digest="d")
        if source in good
        else Network(source=source, reason=f"expected {source} to make a network")
        for source in sources
    }


def shapes(*names: str, input_px: Pixels | None = None) -> dict[str, tuple[int, int, int]]:
    made = network_workloads(inspect, names, [input_px] if input_px else [], forms=("plain",), fused=True)
    return {each.name: each.input_shape for each in made}


def test_a_bad_factory_costs_its_rows_and_not_the_run() -> None:
    found = shapes("mine:good", "mine:bad", "fasternet_t0")
    assert found == {"mine:good": (3, 32, 32), "mine:bad": (3, 224, 224), "fasternet_t0": (3, 224, 224)}
    assert shapes("mine:good", "mine:bad", input_px=64)["mine:bad"] == (3, 64, 64)


def variants(*names: str, **axes: Sequence[Value]) -> list[str]:
    made = network_workloads(inspect, names, (), forms=("plain",), fused=True, axes=axes)
    return [f"{each.name} {each.variant}".strip() for each in made]


def test_every_combination_is_a_workload_and_a_network_without_the_axes_comes_once() -> None:
    found = variants("fasternet_t0", "resnet50", ratio=[Fraction(1, 4), Fraction(1, 8)], norm=["bn", "ln"])
    assert found == ["fasternet_t0", "fasternet_t0 ln", "fasternet_t0 r1/8", "fasternet_t0 r1/8,ln", "resnet50"]


def test_axes_that_no_network_has_are_refused() -> None:
    with pytest.raises(UsageError, match="expected a FasterNet of the zoo with another norm, got resnet50; leave that"):
        variants("resnet50", "swin_b", norm=["ln"])
    with pytest.raises(UsageError, match="at most 100000 units"):
        variants("fasternet_t0", ratio=[Fraction(1, 4)] * 400, dilation=[1] * 400)


def test_what_was_planned_is_what_the_worker_builds_and_a_published_network_keeps_its_id() -> None:
    """Through JSON, as it travels."""
    (workload,) = network_workloads(
        inspect, ["fasternet_t0"], (), forms=("plain",), fused=True, axes={"ratio": [Fraction(1, 8)], "dilation": [2]}
    )
    entry = network_entry(decode(Workload, json.loads(json.dumps(encode(workload)))))
    assert entry.arguments == (("ratio", Fraction(1, 8)), ("dilation", 2))
    (plain,) = network_workloads(inspect, ["fasternet_t0"], (), forms=("plain",), fused=True)
    assert network_entry(plain).arguments == ()
    # Of a journal that was written before there were any changes to a network.
    assert replace(unit(), workload=plain).id == OLD_ID
    assert replace(unit(), workload=workload).id != OLD_ID


def test_height_and_width_of_an_image() -> None:
    assert shapes("fasternet_t0", "resnet50_fpn") == {"fasternet_t0": (3, 224, 224), "resnet50_fpn": (3, 800, 1280)}
    assert shapes("mine:bad", "mine:good", input_px=(64, 96))["mine:bad"] == (3, 64, 96)


def test_the_pyramids_are_guessed_by_their_macs() -> None:
    (small,), (large,) = (
        network_workloads(inspect, [name], (), forms=("plain",), fused=True) for name in ("resnet50_fpn", "resnet50")
    )
    assert macs_of(replace(unit(), workload=small)) == 141e9
    assert macs_of(replace(unit(), workload=replace(small, input_shape=(3, 400, 640)))) == 35.25e9
    assert macs_of(replace(unit(), workload=large)) == 1.9e9


@pytest.mark.parametrize("names", [("mine:bad",), ("mine:bad", "mine:bad_too"), ("mine:good", "timm:bad")])
def test_nothing_begins_where_no_row_could_come_of_it_or_a_library_has_no_such_network(names: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="to make a network"):
        shapes(*names)


def test_each_network_may_have_a_size_of_its_own() -> None:
    asked: list[tuple[Sequence[str], Asked]] = []

    def look(sources: Sequence[str], image: Asked) -> dict[str, Network]:
        asked.append((sources, image))
        assert not isinstance(image, str)
        return {source: Network(source=source, input_shape=(3, *(image or (8, 8)))) for source in sources}

    names = ("mine:a", "mine:b", "fasternet_t0", "resnet50", "mine:c")
    sizes: dict[str, Pixels] = {"mine:a": 32, "mine:b": (64, 96), "fasternet_t0": (224, 224), "resnet50": 160}
    made = network_workloads(look, names, (), forms=("plain",), fused=True, sizes=sizes)
    assert [each.input_shape[1:] for each in made] == [(32, 32), (64, 96), (224, 224), (160, 160), (8, 8)]
    assert [each.variant for each in made] == ["", "", "", "160px", ""]
    # One look for each size; a network of the zoo at its own size needs none.
    assert asked == [(["mine:a"], (32, 32)), (["mine:b"], (64, 96)), (["mine:c"], None), (["resnet50"], (160, 160))]


def picky(sources: Sequence[str], asked: Asked) -> dict[str, Network]:
    """Takes images of 32 pixels and arrays of batch 4."""
    fits = Network(source="", input_shape=(3, 32, 32), inputs=GivenInputs(source="/in.npz", digest="0" * 64), batch=4)
    fits = fits if isinstance(asked, str) else Network(source="", input_shape=(3, 32, 32))
    good = asked in ((32, 32), "/in.npz")
    return {name: replace(fits, source=name, reason="" if good else f"{name} takes 32") for name in sources}


def test_each_size_is_planned_once_and_one_that_is_refused_will_say_why() -> None:
    made = network_workloads(picky, ["timm:a", "fasternet_t0"], [32, (64, 64), 224], forms=("plain",), fused=True)
    assert [(each.name, each.input_shape[1]) for each in made] == [
        ("timm:a", 32),
        ("timm:a", 64),
        ("timm:a", 224),
        ("fasternet_t0", 32),
        ("fasternet_t0", 64),
        ("fasternet_t0", 224),
    ]
    # What a file fixes would be timed under another size's name; and what takes none of the sizes gives no row.
    for names, sizes in ((["net.onnx", "timm:a"], [32, 64]), (["timm:a"], [64, 128]), (["timm:a", "resnet50"], [64])):
        with pytest.raises(UsageError, match="takes 32"):
            network_workloads(picky, names, sizes, forms=("plain",), fused=True)


def test_arrays_decide_the_batch_and_are_never_left_out() -> None:
    (made,) = network_workloads(picky, ["fasternet_t0"], ["/in.npz"], forms=("plain",), fused=True)
    assert made.model is not None
    assert (made.model.batch, made.given, made.variant) == (4, "0" * 64, "32px,data 00000000")
    with pytest.raises(UsageError, match="takes 32"):
        network_workloads(picky, ["mine:a", "mine:b"], ["/other.npz"], forms=("plain",), fused=True)
