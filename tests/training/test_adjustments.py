"""Schedules that change while a run goes on."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from cartpole_run import SMALL, Silence, make_cartpole, settings, train_cartpole

from quarterup.agents.pqn import PQNSettings
from quarterup.agents.schedules import Linear, Pulses
from quarterup.training.adjustments import adjusted, differences_in_words, schedules_of
from quarterup.training.environment import TrainingEnv
from quarterup.training.errors import SettingsError
from quarterup.training.metrics import MetricsReader
from quarterup.training.progress import Progress
from quarterup.training.requests import ask_for
from quarterup.training.run_folder import RunFolder
from quarterup.training.session import train

PQN = PQNSettings(rollout_steps=8, batch_size=8, hidden_sizes=(16,), metrics_every=5)


def test_all_schedules_of_run_and_agent_can_be_changed() -> None:
    rainbow = schedules_of(settings(Path("run"), 10))
    assert set(rainbow) == {"expert_ratio", "learning_rate", "priority_exponent", "beta", "epsilon", "cloning_weight"}
    assert set(schedules_of(settings(Path("run"), 10, agent_settings=PQN))) == {
        "expert_ratio",
        "learning_rate",
        "epsilon",
    }


def test_changes_are_numbers_or_the_text_of_schedules() -> None:
    before = settings(Path("run"), 10)
    after = adjusted(before, {"epsilon": "pulses(0, 0.2, every=100, length=10)", "expert_ratio": 0.25})
    assert after.expert_ratio == 0.25
    assert after.agent_settings == dataclasses.replace(SMALL, epsilon=Pulses(0, 0.2, 100, 10))
    assert differences_in_words(before, after) == ("expert_ratio: 0 → 0.25, epsilon: 0 → pulses(0, 0.2, 100, 10)")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"gamma": 0.9}, "gamma cannot be changed while the run goes on. These can: beta, cloning_weight"),
        ({"epsilon": 2}, "epsilon must be from 0 to 1"),
        ({"expert_ratio": -1}, "expert-ratio must be from 0 to 1"),
        ({"epsilon": "half"}, "'half' is no schedule"),
        ({"epsilon": [1]}, "is no schedule"),
    ],
)
def test_changes_that_cannot_work_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        adjusted(settings(Path("run"), 10), changes)


class Asking(Silence):
    """Asks for `changes` as soon as something is learned."""

    def __init__(self, run: Path, changes: list[dict[str, Any]]) -> None:
        super().__init__()
        self.run = run
        self.changes = changes

    def update(self, progress: Progress) -> None:
        super().update(progress)
        if progress.metrics and self.changes:
            ask_for(self.run, self.changes.pop(0))


@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("agent", ["rainbow", "pqn"])
def test_a_run_takes_changes_up_writes_them_down_and_keeps_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str, agent: str
) -> None:
    monkeypatch.setattr("quarterup.training.trainer.SHOW_EVERY_S", 0.01)
    monkeypatch.setattr("quarterup.training.trainer.ASK_EVERY_S", 0.01)
    run = tmp_path / "run"
    display = Asking(run, [{"gamma": 0.5}, {"learning_rate": 1e-7, "epsilon": Linear(0.5, 0.5, 10)}])
    how: dict[str, Any] = {"mode": mode, "agent": agent, "agent_settings": SMALL if agent == "rainbow" else PQN}
    train(settings(run, 3000, **how), display, make_cartpole)
    assert any("gamma cannot be changed" in note for note in display.notes)
    folder = RunFolder.open(run)
    with MetricsReader(folder.metrics) as reader:
        events = [event for event in reader.events() if event.kind == "adjusted"]
        rates = reader.curve("learning_rate")
        epsilons = reader.curve("epsilon")
    assert len(events) == 1
    assert "→ 1e-07" in events[0].text
    assert rates.values[0] > 1e-5
    assert rates.values[-1] == 1e-7
    assert epsilons.values[-1] == 0.5
    assert rates.env_steps[rates.values == 1e-7][0] >= events[0].env_step

    train_cartpole(run, 3600, resume=True, **how)
    with MetricsReader(folder.metrics) as reader:
        assert reader.curve("learning_rate").values[-1] == 1e-7


def test_what_is_asked_for_while_nobody_trains_waits_for_the_next_session(tmp_path: Path) -> None:
    run = tmp_path / "run"
    train_cartpole(run, 300)
    assert not RunFolder.open(run).is_in_use()
    ask_for(run, {"learning_rate": 1e-7})
    in_use: list[bool] = []

    def make(wanted: Any) -> TrainingEnv:
        in_use.append(RunFolder.open(run).is_in_use())
        return make_cartpole(wanted)

    train(settings(run, 3000, resume=True), Silence(), make)
    assert in_use == [True]
    with MetricsReader(RunFolder.open(run).metrics) as reader:
        assert reader.curve("learning_rate").values[-1] == 1e-7
