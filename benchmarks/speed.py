"""How fast environments are: the figures of the README, as ratios in one run.

    .venv/bin/python benchmarks/speed.py [--repetitions 5]

In turns, on two cores: MAME's own `-bench 60` with default flags and with the environment's sample rate and frame skip;
one environment with features; one with pictures; two in one vector environment. Then resets, and starts from nothing.
Prints one JSON object.
"""

from __future__ import annotations

import argparse
import json

from quarterup.cli.measure import measure_env


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast environments are, as ratios to MAME's own benchmark.")
    parser.add_argument("--game", default="space_invaders")
    parser.add_argument("--repetitions", type=int, default=7)
    options = parser.parse_args()
    print(json.dumps(measure_env(options.game, options.repetitions), indent=1))


if __name__ == "__main__":
    main()
