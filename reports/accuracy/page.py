"""An evaluation as it is shown: sentences and one table."""

from bench.records.run import Run
from bench.statistics import Interval
from reports.accuracy.outcome import Outcome, Part, outcome_of
from reports.accuracy.words import asked_lines, unit_text
from reports.environment_text import processor
from reports.studies.page import StudyPage
from reports.tables.text_table import TextTable

NAMED = 5  # unreadable images that are told one by one
NOTE = (
    "±: Wilson's 95% interval over images like these; it says nothing about other data. Images that cannot be read"
    " count in no part"
)


def accuracy_page(run: Run) -> StudyPage:
    """Of a run of `bench accuracy`."""
    found, unit = outcome_of(run), run.plan.units[0]
    machines = tuple(processor(state.environment) for state in run.devices if state.environment)
    if found is None or run.plan.evaluation is None:
        return StudyPage(title=f"Accuracy of {unit_text(unit)}", about=machines, tables=(), findings=(), notes=())
    return StudyPage(
        title=f"Accuracy of {unit_text(unit)}",
        about=(*asked_lines(found.asked, run.plan.evaluation), *machines),
        tables=(_table(found),),
        findings=_findings(found),
        notes=(NOTE, *_broken_off(run, found)),
    )


def _table(found: Outcome) -> TextTable:
    headings = ("of the images", "number", "images", "%", "95% interval")
    return TextTable(
        headings=headings,
        numeric=headings[1:],
        folded=headings[:1],
        rows=[_row(part) for part in found.parts],
    )


def _row(part: Part) -> list[str]:
    return [part.title, str(part.count), str(part.total), f"{100 * part.share.centre:.2f}", bounds_text(part.share)]


def bounds_text(found: Interval) -> str:
    """`[69.03, 74.62]`, in percent."""
    low, high = (100 * (bound or 0.0) for bound in (found.low, found.high))
    return f"[{low:.2f}, {high:.2f}]"


def _findings(found: Outcome) -> tuple[str, ...]:
    made = []
    if (apart := found.difference) is not None:
        told = "the interval holds 0: no difference is shown" if _holds_zero(apart) else "a real difference"
        made.append(
            f"top-1 is {100 * apart.centre:+.2f} points {bounds_text(apart)} from that of {found.asked.reference} on"
            f" the same images: {told}"
        )
    if unreadable := found.unreadable:
        names = "; ".join(f"{each.image}: {each.trouble}" for each in unreadable[:NAMED])
        made.append(f"{len(unreadable)} images could not be read: {names}" + "; ..." * (len(unreadable) > NAMED))
    if broken := found.broken:
        made.append(f"{len(broken)} answers hold NaN, which counts as wrong: {broken[0].image}, ...")
    return tuple(made)


def _holds_zero(apart: Interval) -> bool:
    return (apart.low or 0.0) <= 0 <= (apart.high or 0.0)


def _broken_off(run: Run, found: Outcome) -> tuple[str, ...]:
    if found.is_whole:
        return ()
    why = [record.failed for record in run.evaluation_records if record.failed][-1:]
    return (", ".join([f"not whole: {len(found.answers)} of {found.asked.images} images", *why]),)
