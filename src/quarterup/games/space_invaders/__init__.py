"""Space Invaders: `game.py` is the game file, `memory.py` what it reads; beside them lie features and expert."""

from quarterup.games.space_invaders.game import SpaceInvaders

__all__ = ["SpaceInvaders"]
