"""Makes every game known to Gymnasium as `quarterup/<Name>-v0`."""

from __future__ import annotations

import gymnasium as gym

from quarterup.games.registry import FAMILIES, all_games


def register_games() -> None:
    """Called when `quarterup` is imported; safe to call again."""
    for game in all_games():
        _register(game.env_name, {"game": game.id})
    for family in FAMILIES.values():
        for game_id, env_name in family.names().items():
            _register(env_name, {"game": game_id, "obs": family.default_obs})


def _register(env_name: str, settings: dict[str, str]) -> None:
    name = f"quarterup/{env_name}-v0"
    if name not in gym.registry:
        gym.register(
            name,
            entry_point="quarterup.envs.arcade_env:ArcadeEnv",
            vector_entry_point="quarterup.envs.vectors:make_vector_env",
            kwargs=settings,
            nondeterministic=False,
        )
