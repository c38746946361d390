"""Schedules at their ends, between, and beyond; and as text."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterup.agents.schedules import (
    Bent,
    Cosine,
    Inverse,
    Linear,
    Pulses,
    Schedule,
    check_range,
    highest,
    lowest,
    parse_schedule,
    schedule_from_json,
    schedule_json,
    schedule_text,
    value_at,
)

numbers = st.floats(-1e6, 1e6) | st.integers(-1000, 1000)
steps = st.integers(0, 10**7)
schedules = st.one_of(
    numbers,
    st.builds(Linear, numbers, numbers, steps, st.none() | steps),
    st.builds(Cosine, numbers, numbers, st.integers(10**4, 10**7), st.integers(0, 10**4), st.integers(0, 5)),
    st.builds(Pulses, numbers, numbers, st.integers(1000, 10**6), st.integers(0, 1000)),
    st.builds(Bent, numbers, numbers, numbers, st.integers(0, 1000), st.integers(1000, 10**6)),
    st.builds(Inverse, numbers, st.integers(1, 10**7)),
)


def test_a_number_is_always_the_same() -> None:
    assert [value_at(0.3, step) for step in (0, 1, 10**9)] == [0.3] * 3


@pytest.mark.parametrize(
    ("env_steps", "expected"), [(0, 1.0), (25, 0.8), (50, 0.6), (99, 0.208), (100, 0.2), (10**9, 0.2)]
)
def test_a_linear_schedule_is_a_line_and_then_flat(env_steps: int, expected: float) -> None:
    assert value_at(Linear(1.0, 0.2, 100), env_steps) == pytest.approx(expected)


def test_a_schedule_without_duration_is_at_its_end_from_the_start() -> None:
    assert value_at(Linear(1.0, 0.2, 0), 0) == 0.2
    assert value_at(Cosine(1.0, 0.2, 0), 0) == 0.2


def test_a_line_can_be_switched_off_later() -> None:
    schedule = Linear(1.0, 0.2, 100, off_at=300)
    assert [value_at(schedule, step) for step in (50, 299, 300, 10**9)] == [0.6, 0.2, 0.0, 0.0]
    assert (lowest(schedule), highest(schedule)) == (0.0, 1.0)


def test_a_cosine_falls_slowly_at_both_ends() -> None:
    schedule = Cosine(3.0, 1.0, 100)
    assert [value_at(schedule, step) for step in (0, 50, 100, 101)] == pytest.approx([3.0, 2.0, 1.0, 1.0])
    assert value_at(schedule, 25) == pytest.approx(2.0 + math.cos(math.pi / 4))
    assert value_at(schedule, 0) - value_at(schedule, 5) < (value_at(schedule, 48) - value_at(schedule, 53)) / 5


def test_a_cosine_warms_up_and_restarts() -> None:
    schedule = Cosine(4.0, 2.0, 110, warmup=10, restarts=1)
    at = {0: 0.0, 5: 2.0, 10: 4.0, 35: 3.0, 60: 4.0, 85: 3.0, 110: 2.0, 500: 2.0}
    assert {step: value_at(schedule, step) for step in at} == pytest.approx(at)
    assert value_at(schedule, 59) == pytest.approx(2.0, abs=0.01)


def test_pulses_come_again_and_again() -> None:
    schedule = Pulses(0.1, 0.9, every=10, length=3)
    assert [value_at(schedule, step) for step in range(12)] == [0.9] * 3 + [0.1] * 7 + [0.9] * 2


def test_a_bent_schedule_is_two_lines_and_then_flat() -> None:
    schedule = Bent(1.0, 0.2, 0.1, 100, 300)
    at = {0: 1.0, 50: 0.6, 100: 0.2, 200: 0.15, 300: 0.1, 10**9: 0.1}
    assert {step: value_at(schedule, step) for step in at} == pytest.approx(at)


def test_an_inverse_schedule_divides_its_start_by_one_more_each_time() -> None:
    schedule = Inverse(6.0, 10)
    assert [value_at(schedule, step) for step in (0, 10, 20, 50)] == pytest.approx([6.0, 3.0, 2.0, 1.0])
    assert (lowest(schedule), highest(schedule)) == (0.0, 6.0)


@given(schedules, steps)
def test_no_value_lies_beyond_the_extremes(schedule: Schedule, env_steps: int) -> None:
    tolerance = 1e-9 * (1 + abs(highest(schedule)) + abs(lowest(schedule)))
    assert lowest(schedule) - tolerance <= value_at(schedule, env_steps) <= highest(schedule) + tolerance


@given(schedules)
def test_a_schedule_comes_back_from_its_text_and_from_json(schedule: Schedule) -> None:
    assert parse_schedule(schedule_text(schedule)) == schedule
    assert schedule_from_json(json.loads(json.dumps(schedule_json(schedule)))) == schedule


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("3e-4", 3e-4),
        ("-1", -1.0),
        (" linear( 1,0.01 , 50_000 ) ", Linear(1.0, 0.01, 50_000)),
        ("linear(1, 0, 1e6, off_at=2e6)", Linear(1.0, 0.0, 1_000_000, 2_000_000)),
        ("cosine(3e-4, 1e-5, 1_000_000, warmup=1000)", Cosine(3e-4, 1e-5, 1_000_000, warmup=1000)),
        ("pulses(low=0, high=-.5, every=100, length=10)", Pulses(0, -0.5, 100, 10)),
        ("bent(1, 0.1, 0.01, 100_000, 5_000_000)", Bent(1, 0.1, 0.01, 100_000, 5_000_000)),
        ("inverse(1e-4, 4_000_000)", Inverse(1e-4, 4_000_000)),
    ],
)
def test_texts_that_people_write(text: str, expected: Schedule) -> None:
    assert parse_schedule(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is no schedule. Give a number, or one of: linear"),
        ("fast", "is no schedule"),
        ("nan", "is no schedule"),
        ("1e999", "is no schedule"),
        ("1" * 400, "is no schedule"),
        ("True", "is no schedule"),
        ("1j", "is no schedule"),
        ("2 ** 3", "is no schedule"),
        ("1, 2", "is no schedule"),
        ("exponential(1, 0, 10)", "is no schedule"),
        ("__import__('os').getcwd()", "is no schedule"),
        ("linear(1, 0, print(1))", "is no schedule"),
        ("linear(*[1, 2, 3])", "is no schedule"),
        ("linear(1, 0, 10", "is no schedule"),
        ("linear(1, 0)", r"expected: linear\(start, end, steps, off_at=None\)"),
        ("linear(1, 0, 5, start=2)", "expected: linear"),
        ("linear(1, 0, 5, until=2)", "expected: linear"),
        ("linear(**{})", "is no schedule|expected"),
        ("linear(1, 0, -5)", "linear: steps must be a whole number and not negative, got -5"),
        ("linear(1, 0, 2.5)", "linear: steps must be a whole number"),
        ("cosine(1, 0, 10, warmup=11)", "warmup of 11 and only 10 steps"),
        ("pulses(0, 1, 10, 11)", "length of 11 cannot begin every 10"),
        ("pulses(0, 1, 0, 0)", "cannot begin every 0"),
        ("bent(1, 0.5, 0, 11, 10)", "middle at 11, behind its end at 10"),
        ("inverse(1, 0)", "half of its start at step 1 or later"),
    ],
)
def test_texts_that_are_no_schedule_are_refused_with_what_was_expected(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_schedule(text)


@pytest.mark.parametrize("value", [None, True, [1], {"start": 1}])
def test_json_that_is_no_schedule_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="is no schedule"):
        schedule_from_json(value)


def test_numbers_that_are_not_finite_are_refused_in_python_too() -> None:
    with pytest.raises(ValueError, match="start must be a finite number"):
        Linear(math.nan, 0.0, 10)


def test_a_schedule_that_ever_leaves_its_range_is_refused_by_name() -> None:
    check_range("epsilon", Linear(1.0, 0.0, 10), 0, 1)
    with pytest.raises(ValueError, match=r"epsilon must be from 0 to 1, not linear\(2, 0, 10\)"):
        check_range("epsilon", Linear(2.0, 0.0, 10), 0, 1)
    with pytest.raises(ValueError, match="rate must be 0 or more, not -1"):
        check_range("rate", -1, 0)
