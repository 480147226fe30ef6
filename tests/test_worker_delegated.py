"""What a runtime's fast backend computes is asked once a unit was measured, where its loader does not tell it."""

from dataclasses import replace
from pathlib import Path

import pytest

from bench.plan import runtimes
from bench.plan.runtimes import runtime
from bench.records.workload import Unit
from bench.worker.delegated import with_delegated
from tests.made_up import measurement, unit


def most(unit: Unit, model: Path | None) -> tuple[int, int]:
    """A plug-in's reader."""
    return 14, 67


def too_many(unit: Unit, model: Path | None) -> tuple[int, int]:
    """One that counts more than there are."""
    return 68, 67


@pytest.mark.parametrize(
    ("reader", "delegated", "said"),
    [("most", (14, 67), ""), ("too_many", None, "expected delegated operations of all"), ("gone", None, "gone")],
)
def test_a_broken_reader_costs_its_cell_alone(
    monkeypatch: pytest.MonkeyPatch, reader: str, delegated: tuple[int, int] | None, said: str
) -> None:
    row = replace(runtime("onnxruntime"), name="toy", delegated=f"{__name__}:{reader}")
    monkeypatch.setattr(runtimes, "_OURS", {"toy": row})
    taken = measurement()
    seen = with_delegated(taken, unit(runtime="toy"), None)
    assert seen == replace(taken, delegated=delegated, notes=seen.notes)
    assert [note.startswith("delegated is empty: ") and said in note for note in seen.notes] == [True] * bool(said)


def test_what_the_loader_said_stands_where_nobody_is_asked() -> None:
    taken = replace(measurement(), delegated=(3, 4))
    assert with_delegated(taken, unit(runtime="litert"), None) is taken
