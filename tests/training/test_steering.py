"""What the controls come to in a training that goes on."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cartpole_run import SMALL, Silence, make_cartpole, settings

from quarterup.agents.pqn import PQNSettings
from quarterup.agents.schedules import Linear
from quarterup.training.controls import CONTROLS
from quarterup.training.metrics import Event, MetricsReader
from quarterup.training.progress import Progress
from quarterup.training.requests import ask
from quarterup.training.run_folder import RunFolder
from quarterup.training.session import TrainingResult, train
from quarterup.training.steering import Helm, speed_in_words

PQN = PQNSettings(rollout_steps=8, batch_size=8, hidden_sizes=(16,), metrics_every=5)
When = Callable[[Progress], bool]


class Person(Silence):
    """Presses the first of `keys` once its condition holds, then the next."""

    def __init__(self, *keys: tuple[When, str]) -> None:
        super().__init__()
        self.keys = list(keys)
        self.pressed_at: list[Progress] = []

    def pressed(self) -> list[str]:
        if not self.keys or not self.shown or not self.keys[0][0](self.shown[-1]):
            return []
        self.pressed_at.append(self.shown[-1])
        return [self.keys.pop(0)[1]]


def after(steps: int) -> When:
    return lambda progress: progress.env_steps >= steps


def at_once(progress: Progress) -> bool:
    return True


@pytest.fixture(autouse=True)
def _look_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterup.training.trainer.SHOW_EVERY_S", 0.005)
    monkeypatch.setattr("quarterup.training.trainer.ASK_EVERY_S", 0.005)


def steer(run: Path, steps: int, person: Person, **changes: Any) -> TrainingResult:
    result = train(settings(run, steps, **changes), person, make_cartpole)
    assert not person.keys, f"never pressed: {person.keys}"
    return result


def events_of(run: Path, kind: str) -> list[Event]:
    with MetricsReader(RunFolder.open(run).metrics) as reader:
        return [event for event in reader.events() if event.kind == kind]


def test_every_control_does_something() -> None:
    class Nobody:
        steering = None

    assert set(Helm(Nobody(), None)._actions) == {control.name for control in CONTROLS}  # type: ignore[arg-type]


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_pause_stands_still_and_does_not_count(tmp_path: Path, mode: str) -> None:
    since: list[float] = []

    def long_enough(progress: Progress) -> bool:
        since.append(time.monotonic())
        return progress.steering.paused and since[-1] - since[0] > 1.0

    person = Person((after(300), "pause"), (long_enough, "pause"))
    began = time.monotonic()
    result = steer(tmp_path / "run", 600, person, mode=mode)
    took = time.monotonic() - began
    resting = [progress for progress in person.shown if progress.steering.paused]
    assert len({progress.env_steps for progress in resting}) == 1
    assert result.finished
    assert result.wall_s < took - 0.9
    assert [event.text for event in events_of(tmp_path / "run", "control")] == ["paused", "goes on"]


def test_stop_saves_and_ends_and_the_run_goes_on_later(tmp_path: Path) -> None:
    run = tmp_path / "run"
    result = steer(run, 100_000, Person((after(300), "stop")))
    assert not result.finished
    assert result.signal_number is None
    assert 300 <= result.env_steps < 100_000
    newest = RunFolder.open(run).checkpoints.load_newest()
    assert newest is not None
    assert newest[0].env_step == result.env_steps
    assert steer(run, result.env_steps + 50, Person(), resume=True).finished


def test_a_control_that_was_asked_for_while_nobody_trained_is_forgotten(tmp_path: Path) -> None:
    run = tmp_path / "run"
    steer(run, 300, Person())
    ask(run, "stop")
    assert steer(run, 600, Person(), resume=True).finished


def test_save_writes_a_checkpoint_between_the_others(tmp_path: Path) -> None:
    run = tmp_path / "run"
    person = Person((after(300), "save"))
    steer(run, 800, person, save_every_steps=10_000)
    first, *_ = events_of(run, "saved")
    assert 300 <= first.env_step < 800


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("agent", ["rainbow", "pqn"])
def test_without_learning_it_plays_on_and_remembers_nothing(tmp_path: Path, mode: str, agent: str) -> None:
    how: dict[str, Any] = {"mode": mode, "agent": agent, "agent_settings": SMALL if agent == "rainbow" else PQN}
    person = Person((after(600), "learning"), (after(1600), "learning"))
    result = steer(tmp_path / "run", 2600, person, **how)
    playing = [progress for progress in person.shown if not progress.steering.learning]
    assert playing[-1].env_steps - playing[0].env_steps > 500
    settled = [progress.updates for progress in playing[len(playing) // 2 :]]
    assert settled[0] == settled[-1], "updates went on"
    assert playing[-1].replay_fill == playing[len(playing) // 2].replay_fill
    assert result.updates > settled[-1]
    assert result.finished


def test_pure_play_takes_no_random_action(tmp_path: Path) -> None:
    chosen: list[bool] = []

    class Watched(Person):
        def update(self, progress: Progress) -> None:
            super().update(progress)
            chosen.append(progress.steering.exploring)

    wild = dataclasses.replace(SMALL, noisy=False, epsilon=1.0)
    person = Watched((after(400), "explore"), (after(900), "explore"))
    run = tmp_path / "run"
    steer(run, 1200, person, agent_settings=wild)
    assert {True, False} == set(chosen)
    assert [event.text for event in events_of(run, "control")] == [
        "plays only by what is learned",
        "explores",
    ]


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("agent", ["rainbow", "pqn"])
def test_a_flushed_replay_fills_again(tmp_path: Path, mode: str, agent: str) -> None:
    how: dict[str, Any] = {"mode": mode, "agent": agent, "agent_settings": SMALL if agent == "rainbow" else PQN}
    person = Person((after(1000), "flush"))
    result = steer(tmp_path / "run", 2400, person, **how)
    assert result.finished
    assert result.updates > person.pressed_at[0].updates
    if agent == "rainbow":
        fills = [progress.replay_fill or 0.0 for progress in person.shown]
        drop = int(np.argmin(np.diff(fills)))
        assert fills[drop] > 0.2
        assert fills[drop + 1] < fills[drop] - 0.1
        assert fills[-1] > fills[drop + 1]


def test_epsilon_goes_up_and_down_and_back_to_the_schedule(tmp_path: Path) -> None:
    run = tmp_path / "run"
    wild = dataclasses.replace(SMALL, epsilon=Linear(0.2, 0.1, 1_000_000))
    keys = ["epsilon-up", "epsilon-down", "epsilon-down", "epsilon-down", "epsilon-down", "epsilon-auto"]
    steer(run, 1500, Person(*((after(300 + 100 * index), key) for index, key in enumerate(keys))), agent_settings=wild)
    told = [event.text.rpartition(" ")[2] for event in events_of(run, "control")[:5]]
    assert told == ["0.25", "0.2", "0.15", "0.1", "0.09"]
    assert events_of(run, "control")[5].text == "epsilon linear(0.2, 0.1, 1_000_000)"


def test_a_pulse_ends_by_itself_and_is_not_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("quarterup.training.steering.PULSE_STEPS", 400)
    run = tmp_path / "run"
    steer(run, 2000, Person((after(400), "pulse")))
    with MetricsReader(RunFolder.open(run).metrics) as reader:
        epsilons = reader.curve("epsilon").values
    assert set(epsilons) == {0.0, 0.25}
    assert epsilons[0] == epsilons[-1] == 0.0
    newest = RunFolder.open(run).checkpoints.load_newest()
    assert newest is not None
    assert newest[0].trainer["adjusted"] == {}


def test_the_step_size_doubles_halves_and_goes_back(tmp_path: Path) -> None:
    run = tmp_path / "run"
    keys = ["learning-rate-up", "learning-rate-up", "learning-rate-down", "learning-rate-auto"]
    steer(run, 1500, Person(*((after(300 + 100 * index), key) for index, key in enumerate(keys))))
    told = [event.text.rpartition(" ")[2] for event in events_of(run, "control")]
    assert told == ["0.0005", "0.001", "0.0005", "0.00025"]


def test_what_cannot_be_done_is_said(tmp_path: Path) -> None:
    person = Person((after(200), "expert-up"), (after(200), "slower"))
    assert steer(tmp_path / "run", 600, person).finished
    assert "This game has no rule-based player." in person.notes
    assert any("no speed of its own" in note for note in person.notes)
    assert len(events_of(tmp_path / "run", "trouble")) == 2


def test_look_writes_what_the_agent_sees(tmp_path: Path) -> None:
    run = tmp_path / "run"
    steer(run, 500, Person((after(200), "look")))
    (look,) = (run / "looks").iterdir()
    assert len(look.read_text().splitlines()) == 4  # CartPole has four numbers.


def test_a_look_that_cannot_be_written_ends_nothing(tmp_path: Path) -> None:
    run = tmp_path / "run"

    def in_the_way(progress: Progress) -> bool:
        (run / "looks").touch()
        return progress.env_steps >= 200

    person = Person((in_the_way, "look"))
    assert steer(run, 500, person).finished
    assert any("cannot be written down" in note for note in person.notes)


def test_verbosity_tells_of_each_game(tmp_path: Path) -> None:
    person = Person((at_once, "verbose"), (after(600), "quiet"))
    steer(tmp_path / "run", 1200, person)
    games = [note for note in person.notes if note.startswith("emulator ")]
    assert games
    assert " points in " in games[0]


@pytest.mark.parametrize(
    ("speed", "words"),
    [
        (None, "full speed"),
        (1.0, "the machine's own speed"),
        (0.25, "1/4 of the machine's own speed"),
        (4.0, "4 times the machine's own speed"),
    ],
)
def test_speeds_in_words(speed: float | None, words: str) -> None:
    assert speed_in_words(speed) == words
