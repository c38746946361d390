"""Gymnasium environments: `ArcadeEnv`, `ArcadeVectorEnv`, and their registration."""

from quarterup.envs.arcade_env import ArcadeEnv
from quarterup.envs.registration import register_games
from quarterup.envs.vector_env import ArcadeVectorEnv

__all__ = ["ArcadeEnv", "ArcadeVectorEnv", "register_games"]
