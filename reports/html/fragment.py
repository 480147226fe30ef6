"""The pictures of a run for a notebook: no script, nothing from outside, and no style that reaches beyond them."""

import re

from reports.html.charts.pictures import charts
from reports.html.shown import shown_runs, usual_name
from reports.html.templates import asset, rendered
from reports.results import Results


def picture_html(results: Results) -> str:
    """Each as SVG with its caption; empty of a run without any."""
    (shown,) = shown_runs([(usual_name(results), results)])
    made = list(charts(shown))
    name = re.sub(r"[^a-z0-9]", "", f"b{shown.name}".lower())  # labels that other runs of the notebook do not have
    return rendered("notebook.html", charts=made, style=asset("charts.css"), name=name) if made else ""
