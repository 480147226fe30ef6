"""What a choice must meet, as it is written: `top1>=75% latency<=20ms recipe=plain`."""

import re
from dataclasses import dataclass
from typing import Literal

from bench.errors import UsageError
from bench.plan.values import shown
from reports.best.candidate import Candidate
from reports.best.quantity import QUANTITIES, Number, Word

Judgement = Literal["meets", "fails", "undecided", "unknown"]

_CONDITION = re.compile(r"([a-z0-9_]{1,30})(<=|>=|!=|<|>|=)(\S{1,60})")
FORM = "top1>=75% latency<=20ms peak_memory<=200MB recipe=plain"


@dataclass(frozen=True, kw_only=True)
class Condition:
    """`text` is how it was written; `limit` is a number in the quantity's own unit, or a word."""

    text: str
    name: str
    sign: str
    limit: float | str

    def judged(self, candidate: Candidate) -> Judgement:
        """Whether the row meets it: undecided where its interval holds the limit, or where it has none."""
        quantity = QUANTITIES[self.name]
        if isinstance(quantity, Word) or isinstance(self.limit, str):
            same = str(quantity.read(candidate)).casefold() == str(self.limit).casefold()
            return "meets" if same == (self.sign == "=") else "fails"
        value = quantity.read(candidate)
        if value is None:
            return "unknown"
        if value.low is None or value.high is None:
            return "undecided"
        ends = {self._met(value.low, self.limit), self._met(value.high, self.limit)}
        return "undecided" if len(ends) > 1 else "meets" if ends.pop() else "fails"

    def _met(self, value: float, limit: float) -> bool:
        return {"<=": value <= limit, "<": value < limit, ">=": value >= limit, ">": value > limit}[self.sign]


def conditions(text: str) -> tuple[Condition, ...]:
    """All of them, blanks or commas between; UsageError where one cannot be read."""
    return tuple(_condition(part) for part in re.split(r"[\s,]+", text.strip()) if part)


def _condition(text: str) -> Condition:
    found = _CONDITION.fullmatch(text)
    if found is None or found[1] not in QUANTITIES:
        raise UsageError(
            f"expected conditions like `{FORM}`, each of {', '.join(QUANTITIES)}, got {shown(text)}; write it so"
        )
    name, sign, value = found.groups()
    quantity = QUANTITIES[name]
    ordered = sign not in ("=", "!=")
    if ordered != isinstance(quantity, Number):
        allowed = "<=, >=, < or >" if isinstance(quantity, Number) else "= or !="
        like = f"{name}{_usual(name)}{quantity.like}"
        raise UsageError(f"expected {name} with {allowed}, got {shown(text)}; write {like}")
    try:
        limit: float | str = quantity.parsed(value) if isinstance(quantity, Number) else value
    except ValueError as error:
        raise UsageError(f"{error} in {name}{sign}..., got {shown(text)}") from None
    return Condition(text=text, name=name, sign=sign, limit=limit)


def _usual(name: str) -> str:
    return {"top1": ">=", "throughput": ">="}.get(name, "<=" if isinstance(QUANTITIES[name], Number) else "=")
