"""Gymnasium environments: `ArcadeEnv`, `ArcadeVectorEnv`, `AtariVectorEnv`, and their registration."""

from quarterup.envs.arcade_env import ArcadeEnv
from quarterup.envs.atari_vector_env import AtariVectorEnv
from quarterup.envs.registration import register_games
from quarterup.envs.vector_env import ArcadeVectorEnv
from quarterup.envs.vectors import make_vector_env

__all__ = ["ArcadeEnv", "ArcadeVectorEnv", "AtariVectorEnv", "make_vector_env", "register_games"]
