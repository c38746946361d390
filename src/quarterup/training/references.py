"""What the random and the rule-based player score, as evaluations in a run folder have it."""

from __future__ import annotations

import json
from pathlib import Path

from quarterup.training.statistics import Interval

REFERENCE_POLICIES = ("random", "expert")


def read_references(folder: Path) -> dict[str, Interval]:
    """Mean scores of the random and the rule-based player that `save_evaluation` left in `folder`, the newest of each.

    A file that cannot be read is passed over: a plot is drawn without it.
    """
    references: dict[str, Interval] = {}
    for path in sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime):
        try:
            values = json.loads(path.read_text())
            policy = values["protocol"]["policy"]
            interval = Interval(values["mean"], values["mean_95_low"], values["mean_95_high"])
        except (OSError, ValueError, KeyError, TypeError):
            continue
        if policy in REFERENCE_POLICIES:
            references[policy] = interval
    return references
