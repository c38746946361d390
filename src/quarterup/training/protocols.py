"""Rules of evaluation: what is stored with scores, and published rules by name.

Scores that keep to the same rules can stand beside each other.

`machado18`: Machado et al., "Revisiting the Arcade Learning Environment" (JAIR 2018): an action sticks with a chance of
0.25 each frame, no no-ops at the start, a lost life is no signal, whole games. Of frame skip and cap the paper itself
has 5 frames and 18,000; here are those that became usual with its rules, 4 frames and 108,000 (half an hour at 60 Hz),
as in Dopamine (Castro et al., 2018) and Gymnasium's `-v5` games.

`classic`: the rules before, those of DQN (Mnih et al., Nature 2015): up to 30 frames without input at the start, 4
frames an action, no sticky actions. The cap is that of Rainbow (Hessel et al., AAAI 2018), 108,000 frames; DQN's own
was 18,000, five minutes. DQN also pressed at random in one step of twenty; agents here play without exploration.

With both sets of rules agents usually see the brighter of a step's last two frames (`max_two_frames`). That belongs to
the agent, as its observation does: it is trained with it or without, plays so under any rules, and scores say which.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from quarterup.envs.observations import PIXELS_SIDE
from quarterup.envs.settings import EnvSettings

ProtocolName = Literal["run", "machado18", "classic"]
OWN_RULES: ProtocolName = "run"


@dataclass(frozen=True)
class Rules:
    """What a protocol lays down; see `EnvSettings`. What the agent sees stays its own affair."""

    frame_skip: int
    sticky: float
    noop_max: int
    max_episode_frames: int


PROTOCOLS: dict[ProtocolName, Rules] = {
    "machado18": Rules(frame_skip=4, sticky=0.25, noop_max=0, max_episode_frames=108_000),
    "classic": Rules(frame_skip=4, sticky=0.0, noop_max=30, max_episode_frames=108_000),
}


def under_protocol(settings: EnvSettings, name: ProtocolName) -> EnvSettings:
    """The same settings under the rules of a protocol; those of `run` are the settings' own."""
    return settings if name == OWN_RULES else dataclasses.replace(settings, **vars(PROTOCOLS[name]))


@dataclass(frozen=True)
class EvaluationProtocol:
    """Under which rules scores came about. Scores of different protocols can't be compared."""

    name: ProtocolName
    """Whose rules these are: `run` for the run's own."""
    game: str
    machine: str
    rom_status: str
    """`stand-in`, `good` or `other checksums`: which game was really played."""
    rom_sha256: Mapping[str, str]
    """By file name."""
    emulator: str
    """With its version."""
    quarterup: str
    """Its version."""
    policy: str
    weights: str
    """Of the agent, by the env step that they were saved at; empty for other players."""
    obs: str
    max_two_frames: bool
    """Together with the observation: see `EnvSettings`."""
    frame_differences: bool
    frame_skip: int
    sticky: float
    noop_max: int
    max_episode_frames: int
    episodes: int
    first_seed: int
    """Episode k has seed `first_seed + k`."""
    num_envs: int
    picture_size: int = PIXELS_SIDE
    """Of the observation, too: see `EnvSettings`."""
    life_loss_ends_episode: bool = False
    """Always False here: an episode is a whole game."""
    exploration: bool = False
    """Always False here: the agent does what it thinks best."""
