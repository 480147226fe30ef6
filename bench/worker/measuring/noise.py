"""The noise floor: what the clock and the cores do when nothing of ours is at stake."""

import itertools

from bench.records.measurement import NoiseFloor
from bench.worker.measuring.clock import Clock, timer_overhead_s, timer_resolution_s

SPIN_ADDITIONS = 200_000
GEMM_SIZE = 256
REPEATS = 30


def noise_floor(clock: Clock) -> NoiseFloor:
    """Time a fixed loop and a fixed matrix product, thirty times each, in turn (about half a second).

    The product is numpy's, so a board without torch takes it as well.
    """
    import numpy as np

    generator = np.random.Generator(np.random.PCG64(0))
    left, right = generator.standard_normal((2, GEMM_SIZE, GEMM_SIZE), dtype=np.float32)
    product = np.empty_like(left)
    for _ in range(10):
        np.matmul(left, right, out=product)
    spins, products = [], []
    for _ in range(REPEATS):
        start = clock.now_ns()
        for _ in itertools.repeat(None, SPIN_ADDITIONS):
            pass
        middle = clock.now_ns()
        for _ in range(5):
            np.matmul(left, right, out=product)
        products.append(max(clock.now_ns() - middle, 1) / 5e9)
        spins.append(max(middle - start, 1) / 1e9)
    return NoiseFloor(
        timer_overhead_s=timer_overhead_s(clock),
        timer_resolution_s=timer_resolution_s(clock),
        spin_samples_s=tuple(spins),
        gemm_samples_s=tuple(products),
        gemm_size=GEMM_SIZE,
    )
