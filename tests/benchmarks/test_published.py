"""The comparison with published figures: one real but tiny comparison, and what it says when a package is missing."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "published.py"


@pytest.fixture(scope="module")
def published(script: Callable[[str], ModuleType]) -> ModuleType:
    return script("published")


def test_both_agents_are_trained_on_every_seed_and_stand_beside_the_published_figures() -> None:
    command = [sys.executable, SCRIPT, "--task", "cartpole", "--seeds", "2", "--steps", "1200", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert done.returncode == 0, done.stderr
    report: dict[str, Any] = json.loads(done.stdout)["cartpole"]
    assert {"agent", "score", "spread", "env_steps", "source"} == set(report["published"][0])
    assert [*report["measured"]] == ["rainbow", "pqn"]
    for measured in report["measured"].values():
        assert measured["env_steps"] == 1200
        assert len(measured["scores"]) == 2
        assert 8 <= measured["low"] <= measured["mean"] <= measured["high"] <= 500
        assert measured["settings"]["gamma"] == 0.99


def test_a_task_whose_package_is_missing_is_skipped_with_what_to_install(published: ModuleType) -> None:
    task = dataclasses.replace(published.TASKS["lunarlander"], package="no_such_package")
    report = published.compare(task, ["pqn"], 1, None)
    assert "measured" not in report
    table = published.table("lunarlander", report)
    assert 'skipped: LunarLander-v3 needs a package that is not here: pip install "gymnasium[box2d]"' in table
    assert "154.4 ± 79.2" in table


def test_every_task_has_settings_for_every_agent_and_figures_with_their_source(published: ModuleType) -> None:
    from quarterup.agents.registry import AGENTS
    from quarterup.training.settings import check_settings

    for task in published.TASKS.values():
        assert set(task.settings) == set(AGENTS)
        for name, settings in task.settings.items():
            assert settings.agent == name
            assert isinstance(settings.agent_settings, AGENTS[name].settings)
            check_settings(settings)
        assert all(figure.source.startswith("https://") and figure.env_steps > 0 for figure in task.figures)


@pytest.mark.parametrize("arguments", [("--seeds", "0"), ("--steps", "-1"), ("--task", "pong"), ("--agent", "sarsa")])
def test_bad_arguments_are_refused(
    arguments: tuple[str, str],
    published: ModuleType,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["published.py", *arguments])
    with pytest.raises(SystemExit) as ended:
        published.main()
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err
