"""The verdicts in a few words each; `ok` needs none."""

from bench.records.verdict import Verdict

MEANING: dict[Verdict, str] = {
    "throttled": "the clock was cut",
    "contended": "others used the core",
    "drifting": "the time moved while it was taken",
    "not_steady": "the warm-up never settled",
    "very_noisy": "over ±10%",
    "noisy": "over ±2%",
    "page_faults": "over 5% of the time went into them",
    "unreplicated": "one round, no interval",
}


def told(verdict: Verdict | None) -> str:
    """`noisy (over ±2%)`; empty for none."""
    if verdict is None:
        return ""
    return f"{verdict} ({MEANING[verdict]})" if verdict in MEANING else verdict
