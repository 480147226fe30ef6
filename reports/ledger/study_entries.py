"""What the paper prints about representations, beside ours: Table 2, and where filters are strongest.

Errors are comparable with its weights and images alone; multiply-adds always are.
"""

from collections.abc import Callable, Iterator, Mapping

from bench.records.run import Run
from bench.records.study import Approximation, StudyName
from bench.statistics import Interval
from reports.ledger.claim_entries import NOT_REPRODUCED, NOT_TESTABLE, REPRODUCED, TOLERANCE
from reports.ledger.entry import NOT_MEASURED, Entry
from reports.ledger.table2 import NETWORK, SOURCE, table2
from reports.paper_tables import ARXIV, formula_macs
from reports.studies.alike import alike_layers, twin_share
from reports.studies.approximations import Approximated, approximated
from reports.studies.page import question, told
from reports.studies.positions import layers_of, positions

FORMULAS = f"{ARXIV} section 3, formulas"
ON_TRUST = "where weights and images are ImageNet's, which nothing here can tell"


def study_entries(run: Run) -> tuple[Entry, ...]:
    """Those of the study that the run holds."""
    return tuple(_ENTRIES[question(run).name](run))


def _approximate(run: Run) -> Iterator[Entry]:
    rows = approximated(run)
    if question(run).model == NETWORK:
        found = {(row.place, row.operator): row for row in rows}
        for (stage, operator), printed in table2().items():
            yield _error(run, stage, operator, printed, found.get((stage, operator)))
    for row in rows:
        if row.first is not None and row.first.macs_counted and "+" in row.operator:
            yield from _macs(row.first)


def _error(run: Run, stage: str, operator: str, printed: float, row: Approximated | None) -> Entry:
    ours = row.mse if row else None
    verdict, reason = (NOT_MEASURED, "not in this run") if ours is None else _verdict(run, ours, printed)
    return Entry(
        section="approximation",
        column=None,
        device="cpu",
        name=operator,
        input_shape=_stage(stage),
        quantity="mse",
        paper=printed,
        ours=ours,
        replicates=len(row.trainings) if row else 0,
        verdict=verdict,
        reason=reason,
        source=SOURCE,
    )


def _stage(place: str) -> str:
    return place if place == "average" else f"stage {place}"


def _verdict(run: Run, ours: Interval, printed: float) -> tuple[str, str]:
    missing = _not_the_papers(run)
    if missing:
        return NOT_TESTABLE, missing
    low, high = (ours.centre if each is None else each for each in (ours.low, ours.high))
    met = low <= printed * (1 + TOLERANCE) and high >= printed * (1 - TOLERANCE)
    return REPRODUCED if met else NOT_REPRODUCED, ON_TRUST


def _not_the_papers(run: Run) -> str:
    """Why an error or a share cannot be compared; empty where weights, and images if it has any, are the user's."""
    given = told(run)
    lacking = ["random weights"] * (given is None or not given.checkpoint)
    lacking += ["made images"] * bool(given is not None and given.images and not question(run).images)
    return f"{' and '.join(lacking)}: the paper's are ImageNet's" if lacking else ""


def _macs(each: Approximation) -> Iterator[Entry]:
    """The paper's formula beside what torch's counter sees in the pair that was trained."""
    printed = formula_macs(each.operator, (each.channels, each.height, each.width))
    if printed is not None:
        yield Entry(
            section="approximation_count",
            column=None,
            name=each.operator,
            input_shape=f"{each.channels}x{each.height}x{each.width}",
            quantity="macs",
            paper=float(printed),
            ours=Interval(centre=each.macs_counted),
            verdict="equal" if printed == each.macs_counted else "differs",
            source=FORMULAS,
        )


def _salience(run: Run) -> Iterator[Entry]:
    """The paper's histogram has no printed numbers, only that the centre is the most frequent position."""
    missing = _not_the_papers(run)
    for each in positions(layers_of(run)):
        if each.centre_share is not None:
            answer = REPRODUCED if each.answer == "most often in the centre" else NOT_REPRODUCED
            yield Entry(
                section="salience",
                column=None,
                name=question(run).model,
                input_shape=f"kernels {each.size}",
                quantity="share",
                ours=each.centre_share,
                replicates=each.filters,
                verdict=NOT_TESTABLE if missing else answer,
                reason="; ".join(filter(None, [missing, each.answer])),
                source=f"{ARXIV} section 3.3, histogram of salient positions (ResNet18)",
            )


def _redundancy(run: Run) -> Iterator[Entry]:
    """Fig. 3 prints no number; the share of channels with a near twin stands for what it shows."""
    for each in alike_layers(run):
        if each.drawn is not None and (found := twin_share(each)) is not None:
            yield Entry(
                section="redundancy",
                column=None,
                name=question(run).model,
                input_shape=each.layer,
                quantity="share",
                ours=Interval(centre=found),
                replicates=each.channels - each.constant,
                verdict="no printed value",
                reason=_not_the_papers(run),
                source=f"{ARXIV} Fig. 3 (ResNet50)",
            )


_ENTRIES: Mapping[StudyName, Callable[[Run], Iterator[Entry]]] = {
    "approximate": _approximate,
    "salience": _salience,
    "redundancy": _redundancy,
}
