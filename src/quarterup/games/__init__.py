"""Games: one file a game, or a folder where a file would be long.

`find_game("space_invaders")` gives one, `all_games()` all.
"""

from quarterup.games.game import Action, Expert, Feature, Game, Outcome, StartError
from quarterup.games.registry import UnknownGame, all_games, find_game

__all__ = [
    "Action",
    "Expert",
    "Feature",
    "Game",
    "Outcome",
    "StartError",
    "UnknownGame",
    "all_games",
    "find_game",
]
