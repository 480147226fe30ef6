"""A study as it is shown: sentences and tables, whatever shows them; its text may come from outside (not escaped)."""

from dataclasses import dataclass

from bench.records.run import Run
from bench.records.study import Study, StudyInput
from reports.environment_text import processor
from reports.tables.text_table import TextTable

UNASKED = Study(name="salience", model="unknown")  # of a folder whose plan asks for none


@dataclass(frozen=True, kw_only=True)
class StudyPage:
    """From top to bottom."""

    title: str
    about: tuple[str, ...]
    tables: tuple[TextTable, ...]
    findings: tuple[str, ...]  # what comes of it, a sentence each
    notes: tuple[str, ...]  # how it is to be read


def question(run: Run) -> Study:
    """What was asked."""
    return run.plan.study or UNASKED


def told(run: Run) -> StudyInput | None:
    """What was studied; None where it never began."""
    return next((record.input for record in run.study_records if record.input), None)


def about(run: Run) -> tuple[str, ...]:
    """The network, its weights, the images and the machine, a sentence each."""
    study, given = question(run), told(run)
    machines = [processor(state.environment) for state in run.devices if state.environment]
    if given is None:
        return tuple(machines)
    lines = [f"{study.model}, weights: {given.weights}"]
    if (images := given.images) is not None:
        lines += [f"{images.used} images of {images.found}: {images.source}", f"images {images.preprocessing}"]
        if images.unreadable:
            lines.append(f"{images.unreadable} images could not be read, among them {'; '.join(images.trouble)}")
    return (*lines, *machines)


def broken_off(run: Run) -> tuple[str, ...]:
    """Why it is not whole; empty where it is."""
    given = told(run)
    why = [record.failed for record in run.study_records if record.failed]
    found = sum(1 for record in run.study_records if record.input is None and not record.failed)
    if given is None or found >= given.parts:
        return tuple(why)
    return (", ".join([f"not whole: {found} of {given.parts} pieces", *why]),)
