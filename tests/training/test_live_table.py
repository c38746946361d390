from __future__ import annotations

import dataclasses
import io

import pytest
from rich.console import Console

from quarterup.training import live_table
from quarterup.training.live_table import LiveTable, PlainLines, make_display
from quarterup.training.progress import Phase, Progress, Rates, Speedometer, Spent

LARGE = Progress(
    phase=Phase.LEARNING,
    env_steps=12_345_678,
    total_env_steps=50_000_000,
    frames=49_382_712,
    updates=3_086_419,
    episodes=41_234,
    wall_s=86_400,
    mean_score=1234.56,
    best_mean_score=2345.6,
    best_score=9_990,
    expert_ratio=0.25,
    replay_fill=1.0,
    emulators=16,
    emulators_replaced=3,
    rates=Rates(4_000, 16_000, 1_000.5, 0.1, 0.5, 0.3),
    metrics={"loss": 0.0123456, "q": 612.3456, "epsilon": 0.05},
    saved_env_step=12_300_000,
)


def drawn(progress: Progress, width: int) -> list[str]:
    console = Console(file=io.StringIO(), force_terminal=True, width=width, color_system=None, legacy_windows=False)
    table = LiveTable("space_invaders · rainbow", console, noisy=True)
    table.update(progress)
    table.close()
    plain = Console(file=io.StringIO(), width=width)
    plain.print(table._render())
    return plain.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 100, 200])
def test_everything_fits_in_the_terminal(width: int) -> None:
    lines = drawn(LARGE, width)
    text = "\n".join(lines)
    assert max(map(len, lines)) == min(width, live_table.MAX_WIDTH)
    assert "…" not in text
    for shown in [
        "learning",
        "25%  2 h 37 min left",
        "12,345,678 of 50,000,000",
        "16,000",
        "1,000.5",
        "41,234",
        "1,235 (last 100)",
        "2,346",
        "9,990",
        "noise, ε 0.050, 25% expert",
        "0.01235",
        "612.3",
        "100% full",
        "16 alive, 3 replaced",
        "10% act",
        "50% emulators",
        "30% learn",
        "10% other",
        "saved at step 12,300,000",
    ]:
        assert shown in text, shown


def test_what_is_not_known_yet_is_a_dash() -> None:
    text = "\n".join(drawn(Progress(Phase.WARMING_UP, env_steps=10, total_env_steps=100), 80))
    assert "warming up" in text
    assert "time left unknown" in text
    assert "at random" in text
    assert "None" not in text


def test_trouble_stays_in_sight() -> None:

    text = "\n".join(drawn(dataclasses.replace(LARGE, trouble="The disk is full."), 80))
    assert "The disk is full." in text


def test_an_evaluation_shows_how_many_games_are_played() -> None:
    text = "\n".join(drawn(Progress(Phase.EVALUATING, evaluated=12, to_evaluate=30), 80))
    assert "40%  12 of 30 games" in text


def test_without_a_terminal_there_are_lines_every_few_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(live_table.time, "monotonic", lambda: now)
    console = Console(file=io.StringIO(), width=80)
    display = make_display("space_invaders · rainbow", console, noisy=True)
    assert isinstance(display, PlainLines)
    for second in range(21):
        now = 1000.0 + second
        display.update(LARGE)
    display.note("[The disk] is full.")
    display.close()
    lines = console.file.getvalue().splitlines()  # type: ignore[attr-defined]
    assert lines[0] == "space_invaders · rainbow"
    assert lines[1] == (
        "learning: step 12,345,678 of 50,000,000, 16,000 frames/s, 1,000.5 updates/s, 41,234 episodes, mean score "
        "1,235, best 9,990, loss 0.01235, 2 h 37 min left"
    )
    assert len(lines) == 5
    assert lines[-1] == "[The disk] is full."


def test_speeds_are_those_of_the_last_seconds() -> None:
    meter = Speedometer()
    assert meter.look(0.0, 0, 0, Spent(), 4).frames_per_s == 0
    for second in range(1, 101):
        # Slow for 50 seconds, then twice as fast, all of the time waiting for emulators.
        steps = 100 * second if second <= 50 else 5000 + 200 * (second - 50)
        rates = meter.look(float(second), steps, steps // 10, Spent(emulators=float(second)), 4)
    assert rates.env_steps_per_s == pytest.approx(200)
    assert rates.frames_per_s == pytest.approx(800)
    assert rates.updates_per_s == pytest.approx(20)
    assert rates.emulators == pytest.approx(1)
    assert rates.other == pytest.approx(0)
