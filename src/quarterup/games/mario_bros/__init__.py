"""Mario Bros.: `game.py` is the game file, `memory.py` what it reads; beside them lie features and expert."""

from quarterup.games.mario_bros.game import MarioBros

__all__ = ["MarioBros"]
