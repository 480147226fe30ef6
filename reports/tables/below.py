"""What stands below every table, a sentence or two a line."""

from reports.budget import budget_lines
from reports.environment_text import surroundings
from reports.plots.pictured import picture_notes
from reports.rank_flips import rank_flip_lines
from reports.results import Results
from reports.tables.noise_floor import noise_lines


def below(results: Results) -> tuple[str, ...]:
    """How the run ended, who wins when, the noise floor, what limits the devices, what was not drawn (not escaped)."""
    return (
        *budget_lines(results.run, results.rows),
        *rank_flip_lines(results.rows),
        *noise_lines(results.run),
        *surroundings(results.run),
        *picture_notes(results),
    )
