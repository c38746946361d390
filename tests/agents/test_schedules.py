"""Schedules at their ends, between, and beyond."""

from __future__ import annotations

import pytest

from quarterup.agents.schedules import linear


@pytest.mark.parametrize(
    ("env_steps", "expected"), [(0, 1.0), (25, 0.8), (50, 0.6), (99, 0.208), (100, 0.2), (10**9, 0.2)]
)
def test_a_linear_schedule_is_a_line_and_then_flat(env_steps: int, expected: float) -> None:
    assert linear(1.0, 0.2, 100, env_steps) == pytest.approx(expected)


def test_a_schedule_without_duration_is_at_its_end_from_the_start() -> None:
    assert linear(1.0, 0.2, 0, 0) == 0.2
