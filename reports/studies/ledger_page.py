"""ledger.md of a study: what the paper prints beside ours."""

from collections.abc import Sequence

from reports.ledger.entry import Entry, Section
from reports.numbers import MEGA, bounds, significant
from reports.results import Results
from reports.tables.text_table import pipe_table
from reports.untrusted import safe_markdown

INTRODUCTION = (
    "The paper is arXiv 2303.03667v3. Errors and shares are comparable where weights and images are those that it used "
    "(trained on ImageNet; ImageNet's validation images), multiply-adds always."
)
_CHAPTERS: dict[Section, str] = {
    "approximation": "Table 2: test MSE of the pairs in the place of a regular 3x3 convolution of ResNet50",
    "approximation_count": "Multiply-adds of the pairs, millions: the paper's formulas beside torch's counter",
    "salience": "Filters that are strongest in the centre of their kernel",
    "redundancy": "Channels that have a near twin in their map",
}
_NOTHING = "This run has nothing that the paper prints a number or a claim for."
_HEADINGS = ("what", "where", "paper", "ours", "ours/paper", "verdict")
_NUMERIC = _HEADINGS[2:5]


def markdown_study_ledger(results: Results) -> str:
    """A table for each thing that the paper says. Ends with a newline."""
    parts = ["# Replication ledger", INTRODUCTION]
    for section, title in _CHAPTERS.items():
        own = [entry for entry in results.entries if entry.section == section]
        if own:
            parts += [f"## {title}", pipe_table(_HEADINGS, _NUMERIC, _body(own))]
    return "\n\n".join(parts if len(parts) > 2 else [*parts, _NOTHING]) + "\n"


def _body(entries: Sequence[Entry]) -> list[list[str]]:
    return [
        [
            safe_markdown(entry.label),
            safe_markdown(entry.input_shape),
            significant(entry.paper, _unit(entry), 4),
            bounds(entry.ours, unit=_unit(entry), digits=4),
            bounds(entry.ratio),
            safe_markdown(f"{entry.verdict}: {entry.reason}" if entry.reason else entry.verdict),
        ]
        for entry in entries
    ]


def _unit(entry: Entry) -> float:
    return MEGA if entry.quantity == "macs" else 1.0
