"""Agents by the name that `--agent` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quarterup.agents.agent import Agent
from quarterup.agents.pqn import PQN, PQNSettings
from quarterup.agents.rainbow import Rainbow, RainbowSettings


@dataclass(frozen=True)
class AgentKind:
    """One algorithm: what it can be told, and how it is made."""

    settings: type[Any]
    """A frozen dataclass whose fields all have defaults."""
    make: Callable[..., Agent]
    """Called as `make(observation_space, num_actions, num_envs, settings, seed, replay_directory, device)`; the last
    two have defaults."""


AGENTS: dict[str, AgentKind] = {
    "pqn": AgentKind(PQNSettings, PQN),
    "rainbow": AgentKind(RainbowSettings, Rainbow),
}


def agent_kind(name: str) -> AgentKind:
    """The algorithm of that name. Raises ValueError, with the names there are, if there is none."""
    if name not in AGENTS:
        raise ValueError(f"There is no agent {name!r}. There are: {', '.join(sorted(AGENTS))}.")
    return AGENTS[name]
