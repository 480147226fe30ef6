"""GitHub's annotations: workflow commands that a step prints, one for each kind of answer.

A step may show ten of each kind and a job fifty: a row each would hide all but the first ones.
"""

from collections.abc import Sequence

from reports.ci.finding import Finding, State
from reports.gate import Label
from reports.results import Results
from reports.untrusted import visible

NAMED = 10  # comparisons that one annotation names; it counts the others
_ORDER: tuple[Label, ...] = ("SLOWER", "GREW", "UNMEASURED", "UNCLEAR", "FASTER", "SAME")
_KIND: dict[State, str] = {"failed": "error", "error": "error", "open": "warning"}


def annotations(results: Results) -> str:
    """A line for each answer, an error where the run fails for it; only there for SAME, as in a failed self-test."""
    told = [each for each in results.findings if each.label != "SAME" or each.state == "failed"]
    lines = [_annotation(label, [each for each in told if each.label == label]) for label in _ORDER]
    return "".join(lines)


def _annotation(label: Label, own: Sequence[Finding]) -> str:
    if not own:
        return ""
    title = f"bench compare: {len(own)} {label}"
    said = [visible(f"{each.name}: {each.line}", 900) for each in own[:NAMED]]
    said += [f"and {len(own) - NAMED} more"] * (len(own) > NAMED)
    text = "\n".join(said)
    return f"::{_kind(label, own)} title={_property(title)}::{_data(text)}\n"


def _kind(label: Label, own: Sequence[Finding]) -> str:
    kinds = {_KIND.get(each.state, "notice" if label == "FASTER" else "warning") for each in own}
    return next(kind for kind in ("error", "warning", "notice") if kind in kinds)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
