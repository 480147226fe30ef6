"""The table for a paper: LaTeX with the booktabs package, one table for each device and kind."""

from collections.abc import Sequence

from reports.results import Results
from reports.tables.sections import Line, Section, sections
from reports.untrusted import visible

_ESCAPED = {
    "\\": r"\textbackslash{}",
    **{letter: f"\\{letter}" for letter in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    '"': r"\textquotedbl{}",
    "±": r"$\pm$",
    "×": r"$\times$",
    "÷": r"$\div$",
    "→": r"$\rightarrow$",
    "…": r"\dots{}",
}


def latex_table(results: Results) -> str:
    """Every row; nothing where the run has none. It needs `\\usepackage{booktabs}`. Ends with a newline."""
    return "% \\usepackage{booktabs}\n" + "\n".join(_table(section) for section in sections(results))


def latex(text: str) -> str:
    """As LaTeX shows it letter by letter; what lies beyond Latin script is a question mark."""
    spelled = (_ESCAPED.get(letter, letter if ord(letter) < 0x250 else "?") for letter in visible(text, 900))
    return "".join(spelled)


def _table(section: Section) -> str:
    notes = any(line.note for line in section.lines)
    columns = "".join("r" if column.numeric else "l" for column in section.columns) + "l" * notes
    heads = [column.heading for column in section.columns] + ["why"] * notes
    caption = ". ".join((section.title, *section.caption))
    return "\n".join(
        [
            r"\begin{table}",
            r"  \centering",
            f"  \\caption{{{latex(caption)}.}}",
            f"  \\begin{{tabular}}{{{columns}}}",
            r"    \toprule",
            _line(heads),
            r"    \midrule",
            *_body(section.lines, notes=notes),
            r"    \bottomrule",
            r"  \end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def _body(lines: Sequence[Line], *, notes: bool) -> list[str]:
    made: list[str] = []
    for before, line in zip((None, *lines), lines, strict=False):
        if before is not None and before.group != line.group:
            made.append(r"    \addlinespace")
        made.append(_line([*line.cells, *[line.note] * notes]))
    return made


def _line(cells: Sequence[str]) -> str:
    return f"    {' & '.join(map(latex, cells))} \\\\"
