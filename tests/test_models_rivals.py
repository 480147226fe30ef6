"""The rivals as they are deployed: as many parameters and multiply-adds as are written of them, the same output."""

import pytest
import torch

from models.build import build
from models.counting import count_on
from models.inference_form import reparameterise
from models.registry import NetworkEntry, resolve
from models.rivals import RIVALS
from reports.ledger.network_entries import EQUAL, count_verdict
from reports.paper_tables import rivals

# Their MACs were written without fused attention, in which the usual counters see nothing on a CPU.
_WITHOUT_ATTENTION = {"fastvit_sa12", "fastvit_sa24"}
_NO_MACS = {"mobilenetv4_hybrid_medium"}  # nothing is written, for the same reason

# The smallest of each family, whose others are wider and deeper ones of its kind, and what stands out.
_SMALLEST = {each.family: each.name for each in sorted(RIVALS, key=lambda each: each.gmacs, reverse=True)}
_CHOSEN = sorted({*_SMALLEST.values(), *_NO_MACS, "fastvit_sa12"})


@pytest.mark.parametrize("entry", resolve(_CHOSEN), ids=lambda entry: entry.name)
def test_rivals_are_counted_as_written(entry: NetworkEntry) -> None:
    """Branches merged, norms not folded but where that is part of merging, as those who print counts have it."""
    written = rivals().by_name[entry.name]
    assert isinstance(entry.input_px, int)
    network, image = build(entry), torch.randn(1, 3, entry.input_px, entry.input_px)
    with torch.inference_mode():
        before = network(image)
    deployed, problem = reparameterise(network, image)
    with torch.inference_mode():
        assert (deployed(image) - before).abs().max() <= 1e-4 * before.abs().max()
    cost = count_on(deployed, image)
    assert (problem, cost.unseen) == ("", ())
    assert cost.macs is not None
    assert count_verdict(cost.params, written.params_m, 10**6) == EQUAL
    if entry.name in _NO_MACS:
        assert (written.macs_g, round(cost.macs / 1e9, 3)) == ("", entry.gmacs)
        return
    unseen = cost.of_kind("attention")
    assert (unseen > 0) == (entry.name in _WITHOUT_ATTENTION)
    assert count_verdict(cost.macs - unseen, written.macs_g, 10**9) == EQUAL
