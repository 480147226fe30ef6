"""A wrong output of a device with another torch may be of other weights: its row says so, no other row does."""

from dataclasses import replace

import pytest

from bench.host.other_torch import explained
from bench.records.environment import Environment, RuntimeVersion
from bench.records.origin import Origin
from bench.records.record import FailureKind
from bench.records.workload import Unit
from bench.system.packages import installed
from tests.made_up import environment, record, unit

EAGER = unit()


def board(version: str) -> Environment:
    return replace(environment(), runtimes=(RuntimeVersion(name="torch", version=version),))


@pytest.mark.parametrize(
    ("of", "kind", "found", "told"),
    [
        (EAGER, "wrong_output", board("1.13.1"), True),
        (EAGER, "wrong_output", None, False),
        (EAGER, "wrong_output", replace(environment(), runtimes=()), False),
        (EAGER, "error", board("1.13.1"), False),
        (replace(EAGER, runtime="onnxruntime"), "wrong_output", board("1.13.1"), False),
        (replace(EAGER, origin=Origin(python="/v/python")), "wrong_output", board("1.13.1"), False),
    ],
)
def test_a_wrong_output_may_be_of_other_weights(
    of: Unit, kind: FailureKind, found: Environment | None, told: bool
) -> None:
    said = explained(record(of, status="failed", kind=kind, reason="off by 1.6"), found)
    assert said.startswith("off by 1.6")
    assert ("its torch 1.13.1 may draw other weights from a seed" in said) == told


def test_the_same_series_draws_the_same() -> None:
    here = installed("torch")
    assert here is not None
    series = ".".join(here.version.split(".")[:2])
    failed = record(EAGER, status="failed", kind="wrong_output", reason="off")
    assert explained(failed, board(f"{series}.99")) == "off"
