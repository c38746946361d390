"""Which vector environment plays a game: the fastest that can do what is asked."""

from __future__ import annotations

from typing import Any

from gymnasium.vector import AutoresetMode

from quarterup.envs.atari_vector_env import AtariVectorEnv, why_not
from quarterup.envs.settings import env_settings
from quarterup.envs.vector_env import ArcadeVectorEnv
from quarterup.games.registry import find_game


def make_vector_env(
    game: str,
    num_envs: int = 1,
    *,
    render_mode: str | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    **settings: Any,
) -> ArcadeVectorEnv | AtariVectorEnv:
    """N environments with the same game; see `ArcadeVectorEnv` for the arguments."""
    mode = AutoresetMode(autoreset_mode)
    fits = not why_not(find_game(game), env_settings(**settings), render_mode, mode)
    kind = AtariVectorEnv if fits else ArcadeVectorEnv
    return kind(game, num_envs, render_mode=render_mode, autoreset_mode=mode, **settings)
