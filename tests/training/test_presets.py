"""Every preset is of a game and an agent that exist, and flags left out mean what it says."""

import pytest

from quarterup.agents.registry import AGENTS
from quarterup.cli.train import defaults
from quarterup.games import find_game
from quarterup.training.presets import PRESETS, settings_for
from quarterup.training.settings import TrainSettings, check_settings


@pytest.mark.parametrize("game", PRESETS)
def test_a_preset_can_be_trained(game):
    preset = PRESETS[game]
    assert find_game(game).id == game == preset.game
    assert isinstance(preset.agent_settings, AGENTS[preset.agent].settings)
    check_settings(preset)


def test_a_game_is_trained_with_its_preset_under_any_of_its_names():
    assert settings_for("invaders").agent_settings == PRESETS["space_invaders"].agent_settings
    assert settings_for("invaders").game == "invaders"
    assert defaults(["space_invaders", "--steps", "5"]).env == PRESETS["space_invaders"].env


def test_a_game_without_a_preset_is_trained_with_the_agents_own_defaults():
    settings = settings_for("CartPole-v1")
    assert settings.env == TrainSettings(game="x").env
    assert settings.agent_settings == AGENTS["rainbow"].settings()


def test_another_agent_than_the_presets_has_its_own_defaults_in_the_same_environment():
    settings = settings_for("space_invaders", "pqn")
    assert settings.agent_settings == AGENTS["pqn"].settings()
    assert settings.env == PRESETS["space_invaders"].env
