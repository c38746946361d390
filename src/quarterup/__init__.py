"""quarterup trains reinforcement-learning agents on real arcade and console games, inside stock emulators."""

__version__ = "0.1.0"

from quarterup.envs import register_games

register_games()
