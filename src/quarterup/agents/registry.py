"""Agents by the name that `--agent` takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from quarterup.agents.agent import Actor, Agent
from quarterup.agents.pqn import PQN, PQNActor, PQNSettings
from quarterup.agents.rainbow import Rainbow, RainbowActor, check_room
from quarterup.agents.rainbow_settings import RainbowSettings


@dataclass(frozen=True)
class AgentKind:
    """One algorithm: what it can be told, and how it is made."""

    settings: type[Any]
    """A frozen dataclass whose fields all have defaults."""
    make: Callable[..., Agent]
    """Called as `make(observation_space, num_actions, num_envs, settings, seed, replay_directory, device, mirror)`;
    the last three have defaults."""
    check_room: Callable[..., str | None]
    """Called as `check_room(observation_space, num_actions, num_envs, settings, replay_directory)` before a replay is
    made there: raises ReplayTooLargeError if it is too large, or returns what is better known of it."""
    replays: bool
    """See `quarterup.agents.agent.Agent`."""
    make_actor: Callable[..., Actor]
    """Called as `make_actor(observation_space, num_actions, settings, seed, device)`; the last has a default."""


def no_replay(*_: object) -> None:
    """An agent without replay has room for it everywhere."""


AGENTS: dict[str, AgentKind] = {
    "pqn": AgentKind(PQNSettings, PQN, no_replay, PQN.replays, PQNActor),
    "rainbow": AgentKind(RainbowSettings, Rainbow, check_room, Rainbow.replays, RainbowActor),
}


def agent_kind(name: str) -> AgentKind:
    """The algorithm of that name. Raises ValueError, with the names there are, if there is none."""
    if name not in AGENTS:
        raise ValueError(f"There is no agent {name!r}. There are: {', '.join(sorted(AGENTS))}.")
    return AGENTS[name]
