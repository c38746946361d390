"""Every registered agent keeps the contract, and the package keeps its import rule."""

from __future__ import annotations

import ast
import dataclasses
import itertools
from pathlib import Path

import gymnasium as gym
import numpy as np
import pytest

import quarterup.agents
from quarterup.agents.agent import Transitions
from quarterup.agents.registry import AGENTS, agent_kind


@pytest.mark.parametrize("name", AGENTS)
def test_an_agent_can_be_made_from_its_default_settings_and_acts(name: str) -> None:
    kind = agent_kind(name)
    agent = kind.make(gym.spaces.Box(-1, 1, (5,), np.float32), 3, 2, kind.settings(), 0)
    observations = np.zeros((2, 5), dtype=np.float32)
    for explore in (True, False):
        actions = agent.act(observations, explore=explore)
        assert actions.shape == (2,)
        assert actions.dtype == np.int64
    nothing = np.zeros(2, dtype=bool)
    agent.observe(Transitions(observations, actions, np.zeros(2, np.float32), nothing, nothing, ~nothing, nothing))
    assert not agent.ready()
    agent.load(agent.state())


@pytest.mark.parametrize("name", AGENTS)
def test_every_setting_says_what_it_does(name: str) -> None:
    settings = agent_kind(name).settings
    tree = ast.parse(Path(str(__import__(settings.__module__, fromlist=["x"]).__file__)).read_text())
    body = next(
        node.body for node in ast.walk(tree) if isinstance(node, ast.ClassDef) and node.name == settings.__name__
    )
    documented = {
        statement.target.id
        for statement, following in itertools.pairwise(body)
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(following, ast.Expr)
        and isinstance(following.value, ast.Constant)
    }
    assert documented == {field.name for field in dataclasses.fields(settings)}


def test_an_unknown_agent_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(ValueError, match="rainbow"):
        agent_kind("rainbw")


ALLOWED = ("quarterup.agents.", "quarterup.compiled.", "quarterup.mirror.")


def test_agents_import_nothing_from_the_rest_of_the_project() -> None:
    root = Path(quarterup.agents.__file__).parent
    foreign = []
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{path} has a relative import"
                names = [node.module or ""]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            else:
                continue
            foreign += [
                f"{path.name}: {name}"
                for name in names
                if name.split(".")[0] == "quarterup" and not f"{name}.".startswith(ALLOWED)
            ]
    assert foreign == []
