"""Makes every game known to Gymnasium as `quarterup/<Name>-v0`."""

from __future__ import annotations

import gymnasium as gym

from quarterup.games.registry import all_games


def register_games() -> None:
    """Called when `quarterup` is imported; safe to call again."""
    for game in all_games():
        name = f"quarterup/{game.env_name}-v0"
        if name not in gym.registry:
            gym.register(
                name,
                entry_point="quarterup.envs.arcade_env:ArcadeEnv",
                vector_entry_point="quarterup.envs.vector_env:ArcadeVectorEnv",
                kwargs={"game": game.id},
                nondeterministic=False,
            )
