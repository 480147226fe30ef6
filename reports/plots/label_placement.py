"""Where to put labels so that they cover neither one another nor the points: greedy, deterministic.

Coordinates are pixels, y upwards. Each label tries positions around its point, near ones first, and takes
the one that covers least; a label that would still cover something else is left out if it is optional.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Generic, TypeVar

T = TypeVar("T")

# Directions in the order people like labels: right, left, above, below, then the diagonals and between.
_ANGLES = (0, 180, 90, 270, 45, 135, 315, 225, 22, 158, 338, 202, 68, 112, 292, 248)
_REACH = (1.0, 1.6, 2.4, 3.4, 4.6)
# A line through the middle of a label costs about what half a covered label does.
_LINE_WEIGHT = 0.4
_SQUARE = 32.0  # pixels: about a label's size


@dataclass(frozen=True, kw_only=True)
class Box:
    """A rectangle by its corners."""

    left: float
    bottom: float
    right: float
    top: float

    def overlap(self, other: "Box") -> float:
        """The shared area."""
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.top, other.top) - max(self.bottom, other.bottom)
        return width * height if width > 0 and height > 0 else 0.0

    def outside(self, frame: "Box") -> float:
        """The area of it that lies outside the frame."""
        return (self.right - self.left) * (self.top - self.bottom) - self.overlap(frame)


@dataclass(frozen=True, kw_only=True)
class Segment:
    """A drawn line that labels had better not cross."""

    x0: float
    y0: float
    x1: float
    y1: float

    def hull(self) -> Box:
        """The smallest box around it."""
        (left, right), (bottom, top) = sorted((self.x0, self.x1)), sorted((self.y0, self.y1))
        return Box(left=left, bottom=bottom, right=right, top=top)

    def length_inside(self, box: Box) -> float:
        """How much of it the box covers (Liang and Barsky's clipping)."""
        dx, dy = self.x1 - self.x0, self.y1 - self.y0
        enter, leave = 0.0, 1.0
        for step, room in (
            (-dx, self.x0 - box.left),
            (dx, box.right - self.x0),
            (-dy, self.y0 - box.bottom),
            (dy, box.top - self.y0),
        ):
            if step == 0:
                if room < 0:
                    return 0.0
            elif step < 0:
                enter = max(enter, room / step)
            else:
                leave = min(leave, room / step)
        return max(0.0, leave - enter) * math.hypot(dx, dy)


@dataclass(frozen=True, kw_only=True)
class Label:
    """A text of that size that belongs to the point (x, y); an optional one may be left out."""

    x: float
    y: float
    width: float
    height: float
    optional: bool = False


@dataclass(frozen=True, kw_only=True)
class Placement:
    """The centre of a label, and whether it lies so far out that a line should lead to it."""

    x: float
    y: float
    led: bool


def place(
    labels: Sequence[Label],
    obstacles: Sequence[Box],
    frame: Box,
    gap: float,
    lines: Sequence[Segment] = (),
) -> list[Placement | None]:
    """A place for each label in order (earlier ones choose first); None for one that found none.

    `gap` is the distance from a point to the edge of a label beside it. Obstacles and other labels must stay
    clear; lines are crossed only where there is no better place.
    """
    taken, crossed = _Near[Box](), _Near[Segment]()
    for obstacle in obstacles:
        taken.add(obstacle, obstacle)
    for line in lines:
        crossed.add(line, line.hull())
    placements: list[Placement | None] = []
    for label in labels:
        best: tuple[float, Placement, Box] | None = None
        for reach in _REACH:
            for rank, angle in enumerate(_ANGLES):
                far = label.height**2 * (0.004 * rank + 0.25 * (reach - 1))
                if best is not None and far >= best[0]:
                    continue  # the distance alone costs as much
                box = _box(label, math.radians(angle), gap * reach)
                overlaps = [overlap for other in taken.to(box) if (overlap := box.overlap(other))]
                # Even a touched corner is a fault: it costs like a far place, and more by its area.
                cost = sum(overlaps) + label.height**2 * len(overlaps) + 4 * box.outside(frame)
                cost += sum(line.length_inside(box) for line in crossed.to(box)) * label.height * _LINE_WEIGHT
                cost += far
                if best is None or cost < best[0]:
                    centre = ((box.left + box.right) / 2, (box.bottom + box.top) / 2)
                    best = (cost, Placement(x=centre[0], y=centre[1], led=reach > 2), box)
        if best is None or (label.optional and _covers(best[2], taken.to(best[2]), frame)):
            placements.append(None)
            continue
        taken.add(best[2], best[2])
        placements.append(best[1])
    return placements


class _Near(Generic[T]):
    """Things by the squares of the picture in which they lie, so that a box meets its neighbours alone."""

    def __init__(self) -> None:
        self._things: list[T] = []
        self._squares: dict[tuple[int, int], list[int]] = {}

    def add(self, thing: T, hull: Box) -> None:
        for square in _squares(hull):
            self._squares.setdefault(square, []).append(len(self._things))
        self._things.append(thing)

    def to(self, box: Box) -> list[T]:
        """What may touch the box, in the order in which it was added."""
        found = {index for square in _squares(box) for index in self._squares.get(square, ())}
        return [self._things[index] for index in sorted(found)]


def _squares(box: Box) -> Iterator[tuple[int, int]]:
    columns = range(int(box.left // _SQUARE), int(box.right // _SQUARE) + 1)
    rows = range(int(box.bottom // _SQUARE), int(box.top // _SQUARE) + 1)
    return product(columns, rows)


def _covers(box: Box, taken: Sequence[Box], frame: Box) -> bool:
    return box.outside(frame) > 0 or any(box.overlap(other) > 0 for other in taken)


def _box(label: Label, angle: float, gap: float) -> Box:
    """The label pushed out along the angle until its edge is `gap` from the point."""
    x = label.x + math.cos(angle) * (gap + label.width / 2)
    y = label.y + math.sin(angle) * (gap + label.height / 2)
    return Box(
        left=x - label.width / 2,
        bottom=y - label.height / 2,
        right=x + label.width / 2,
        top=y + label.height / 2,
    )


def spread(values: Sequence[float], gap: float) -> list[float]:
    """The values moved as little as needed to lie at least `gap` apart, their order kept.

    Pool adjacent violators: touching values form a block that sits where its members are on average.
    """
    order = sorted(range(len(values)), key=lambda index: values[index])
    blocks: list[tuple[int, float]] = []  # how many values, and their sum
    for index in order:
        blocks.append((1, values[index]))
        while len(blocks) > 1 and _start(*blocks[-1], gap) < _start(*blocks[-2], gap) + gap * blocks[-2][0]:
            (count, total), (more, rest) = blocks[-2:]
            blocks[-2:] = [(count + more, total + rest)]
    at = [_start(count, total, gap) + gap * number for count, total in blocks for number in range(count)]
    moved = dict(zip(order, at, strict=True))
    return [moved[index] for index in range(len(values))]


def _start(count: int, total: float, gap: float) -> float:
    """Where a block begins."""
    return total / count - gap * (count - 1) / 2
