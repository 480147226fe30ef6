"""The paper's tables as they are shipped, against its text."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.records.workload import Settings
from reports.paper_tables import column_of, paper, table1, table1_averages
from tests.made_up_runs import environment, op


def test_exact_macs_agree_with_the_printed_ones() -> None:
    printed = {"conv": 2601.12, "gconv": 162.57, "pconv": 162.57, "pconv+pwconv": 451.58}
    for facts in table1():
        if facts.op in printed:
            assert round(facts.macs / 1e6, 2) == printed[facts.op]
    assert [round(f.macs / 1e6, 2) for f in table1() if f.op == "dwconv"] == [27.10, 13.55, 6.77, 3.39]


def test_printed_averages_give_the_papers_ratios() -> None:
    average = table1_averages()
    ratios = {name: average["pconv"][name] / average["dwconv"][name] for name in ("gpu", "cpu", "arm")}
    # The paper's text: 10.5x, 6.2x, 22.8x.
    assert [round(ratios[name], 1) for name in ("gpu", "cpu", "arm")] == [10.5, 6.2, 22.8]


GPU = {"accelerator": "cuda:0", "mode": "throughput", "batch": 32}


@pytest.mark.parametrize(
    ("change", "machine", "column"),
    [
        ({}, "x86_64", "cpu"),
        ({}, "aarch64", "arm"),
        ({"threads": 2}, "x86_64", None),
        ({"batch": 2}, "x86_64", None),
        ({"dtype": "bfloat16"}, "x86_64", None),
        ({"layout": "channels_last"}, "x86_64", None),
        ({"settings": Settings(flush_denormal=True)}, "x86_64", None),
        ({"accelerator": "cuda:0"}, "x86_64", None),
        (GPU, "x86_64", "gpu"),
        (GPU | {"threads": 4}, "x86_64", None),
        (GPU | {"settings": Settings(tf32=True)}, "x86_64", None),
        (GPU | {"settings": Settings(cuda_graph=True)}, "x86_64", None),
    ],
)
def test_only_the_papers_settings_are_compared(change: dict[str, object], machine: str, column: str | None) -> None:
    assert column_of(replace(op(), **change), environment(machine)) == column  # type: ignore[arg-type]
    assert column_of(op(), None) is None


def test_the_names_are_those_of_the_registry() -> None:
    # Read from its source: reports may not import models.
    source = (Path(__file__).parents[1] / "models" / "registry.py").read_text(encoding="utf-8")
    for facts in paper().networks:
        assert f'"{facts.name}", "{facts.title}"' in source
    assert len(paper().networks) == 35


def test_families_and_sizes() -> None:
    named = {facts.name: (facts.family, facts.size) for facts in paper().networks}
    assert named["fasternet_t0"] == ("FasterNet", "T0")
    assert named["shufflenetv2_x1_5"] == ("ShuffleNetV2", "x1.5")
    assert named["mobilenetv2"] == ("MobileNetV2", "")
    assert named["resnet50"] == ("ResNet", "50")
