"""Held against every pair: what is beaten, and what may be faster."""

import math
import random

from reports.best.ends import Ends


def test_the_ends_are_those_of_a_search_through_all() -> None:
    chance = random.Random(5)
    pairs = [(float(chance.randint(60, 70)), chance.random()) for _ in range(100)]
    ends = Ends(pairs)
    for accuracy in range(58, 73):
        assert ends.least_from(accuracy) == min((high for its, high in pairs if its >= accuracy), default=math.inf)
        assert ends.most_below(accuracy) == max((high for its, high in pairs if its < accuracy), default=0.0)
