"""How a game is played: the rules that belong to every score, as environments, runs and the command line take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quarterup.emulators.systems import EmulatorName
from quarterup.envs.observations import PIXELS_SIDE, ObservationKind

MIN_PICTURE_SIZE = 8
"""Nothing can be told apart in a smaller picture."""


@dataclass(frozen=True)
class EnvSettings:
    """How the game is presented to the agent."""

    obs: ObservationKind = "features"
    """What the agent sees: the game's own numbers, its memory, or one of three kinds of picture."""
    frame_skip: int = 4
    """Frames that an action is held. Higher gets through more of the game a second, lower reacts faster."""
    sticky: float = 0.0
    """Chance, each frame, that the emulator holds the previous action on instead of the new one. The usual value of
    benchmarks is 0.25 (Machado et al., 2018)."""
    noop_max: int = 30
    """Episodes begin with a random number of frames without input, at most this many."""
    stack: int = 4
    """Pictures that make one observation. Unused with features and ram."""
    picture_size: int = PIXELS_SIDE
    """Height and width that the picture is scaled to for the agent. Higher shows more, lower learns faster: half of it
    is a quarter of the pixels. Only with pixels."""
    max_two_frames: bool = False
    """Show of a step's last two frames whichever is brighter, pixel by pixel: what a machine draws only in every other
    frame then does not blink (Mnih et al., 2015). It is taken of the pictures as the agent gets them, gray and scaled
    (of an Atari before they are scaled), and costs a second one a step. Unused with features and ram."""
    frame_differences: bool = False
    """Show instead of each picture what has changed since the step before: 128 + (now - before) / 2, rounded down, so
    that 128 is no change. An episode's first is all 128. Unused with features and ram."""
    life_loss_ends_episode: bool = False
    """Let a lost life end the agent's episode; the game goes on from there after the reset that follows. It often
    learns faster so; scores are still those of whole games."""
    max_episode_frames: int = 108_000
    """Episodes longer than this are cut off: half an hour at 60 frames a second."""
    emulator: EmulatorName = "auto"
    """What runs the machine; auto: the best that is installed. Scores of two emulators need not compare."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""


def env_settings(*, roms: Sequence[str | Path] = (), **others: Any) -> EnvSettings:
    """From the keyword arguments of an environment. Raises ValueError for a value that cannot work."""
    settings = EnvSettings(roms=tuple(map(Path, roms)), **others)
    if settings.frame_skip < 1:
        raise ValueError(f"frame_skip={settings.frame_skip}: an action lasts at least one frame")
    if not 0.0 <= settings.sticky < 1.0:
        raise ValueError(f"sticky={settings.sticky}: a probability below 1 is needed")
    if settings.picture_size < MIN_PICTURE_SIZE:
        raise ValueError(f"picture_size={settings.picture_size}: at least {MIN_PICTURE_SIZE} are needed")
    if settings.max_two_frames and settings.frame_skip < 2:
        raise ValueError("max_two_frames needs a frame_skip of 2 or more: a step of one frame has no last two")
    if settings.noop_max < 0:
        raise ValueError(f"noop_max={settings.noop_max} is negative")
    if settings.max_episode_frames < 1:
        raise ValueError(f"max_episode_frames={settings.max_episode_frames}: at least one frame is needed")
    return settings
