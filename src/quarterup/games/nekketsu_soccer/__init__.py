"""Nekketsu Soccer's penalty shoot-out: `game.py` is the game file; beside it lie memory, features and expert."""

from quarterup.games.nekketsu_soccer.game import NekketsuSoccer

__all__ = ["NekketsuSoccer"]
