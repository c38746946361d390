"""Schedules: a setting as a function of the environment steps taken so far."""

from __future__ import annotations


def linear(start: float, end: float, duration: int, env_steps: int) -> float:
    """`start` at step 0, `end` from step `duration` on, a straight line between. With a duration of 0 always
    `end`."""
    if env_steps >= duration:
        return end
    return start + (end - start) * env_steps / duration
