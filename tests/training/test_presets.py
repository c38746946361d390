"""Every preset is of a game and an agent that exist, and flags left out mean what it says."""

import dataclasses
import json

import gymnasium as gym
import numpy as np
import pytest
import tyro

from quarterup.agents.presets import ALGORITHMS, SIZES, find_preset
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.agents.registry import AGENTS
from quarterup.agents.schedules import Bent, Cosine, Inverse, Linear, value_at
from quarterup.cli.train import Settings, defaults
from quarterup.games import FAMILIES, find_game
from quarterup.training.errors import SettingsError
from quarterup.training.presets import FAMILY_PRESETS, PRESETS, settings_for
from quarterup.training.settings import TrainSettings, check_settings, from_json, to_json


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


@pytest.mark.parametrize("family", [family for family in FAMILIES.values() if family.names()], ids=lambda one: one.id)
def test_the_games_of_a_family_begin_with_what_they_have_to_show(family):
    game = next(iter(family.names()))
    check_settings(settings_for(game))
    assert settings_for(game).game == game
    assert settings_for(game).env.obs == family.default_obs
    assert defaults([game, "--preset", "dqn"]).env.obs == family.default_obs


def test_all_atari_games_share_a_preset():
    assert settings_for("atari_pong") == dataclasses.replace(FAMILY_PRESETS["atari"], game="atari_pong")
    assert defaults(["atari_pong", "--steps", "5"]).env == FAMILY_PRESETS["atari"].env


def test_a_game_without_a_preset_is_trained_with_the_agents_own_defaults():
    settings = settings_for("CartPole-v1")
    assert settings.env == TrainSettings(game="x").env
    assert settings.agent_settings == AGENTS["rainbow"].settings()


def parsed(*arguments):
    """The settings that `quarterup train` makes of these arguments."""
    return tyro.cli(Settings, args=list(arguments), default=defaults(arguments), config=(tyro.conf.FlagCreatePairsOff,))


@pytest.mark.parametrize("name", ALGORITHMS)
def test_an_algorithm_takes_the_place_of_agent_settings_and_replay_ratio_and_of_nothing_else(name):
    algorithm, own = ALGORITHMS[name], PRESETS["space_invaders"]
    settings = parsed("space_invaders", "--preset", name)
    assert isinstance(algorithm.settings, AGENTS[algorithm.agent].settings)
    assert (settings.agent, settings.agent_settings) == (algorithm.agent, algorithm.settings)
    assert settings.replay_ratio == algorithm.replay_ratio
    if algorithm.picture_size is None:
        assert (settings.env, settings.envs, settings.steps) == (own.env, own.envs, own.steps)


def test_an_algorithm_for_pictures_shows_the_game_so_and_changes_no_other_rule():
    settings, own = settings_for("space_invaders", preset="pixels"), PRESETS["space_invaders"].env
    assert settings.env == dataclasses.replace(own, obs="pixels", picture_size=42, max_two_frames=True)
    assert settings.env.sticky == own.sticky > 0
    assert settings.envs == 8
    assert parsed("space_invaders", "--preset", "pixels", "--picture-size", "84").env.picture_size == 84


def test_other_flags_override_a_preset():
    settings = parsed(
        "space_invaders",
        "--preset=btr",
        "--agent.learning-rate",
        "cosine(3e-4, 1e-5, 1_000_000, warmup=1000)",
        "--agent.no-munchausen",
        "--replay-ratio",
        "0.5",
    )
    assert settings.agent_settings == dataclasses.replace(
        ALGORITHMS["btr"].settings, learning_rate=Cosine(3e-4, 1e-5, 1_000_000, warmup=1000), munchausen=False
    )
    assert settings.replay_ratio == 0.5


@pytest.mark.parametrize("name", SIZES)
def test_a_size_changes_sizes_only(name):
    own, size = PRESETS["space_invaders"].agent_settings, SIZES[name]
    sizes = {key: value for key, value in vars(size).items() if key != "summary"}
    assert settings_for("space_invaders", preset=name).agent_settings == dataclasses.replace(own, **sizes)
    both = settings_for("space_invaders", preset=f"btr+{name}").agent_settings
    assert both == dataclasses.replace(ALGORITHMS["btr"].settings, **sizes)


@pytest.mark.parametrize("name", [*(f"{name}+tiny" for name in ALGORITHMS), "tiny"])
def test_an_agent_of_every_algorithm_can_be_made_and_acts(name):
    settings = settings_for("x", preset=name)
    for space in (gym.spaces.Box(-1, 1, (5,), np.float32), gym.spaces.Box(0, 255, (4, 84, 84), np.uint8)):
        agent = AGENTS[settings.agent].make(space, 3, 2, settings.agent_settings, 0)
        assert agent.act(np.zeros((2, *space.shape), space.dtype), explore=False).shape == (2,)


def test_btr_is_as_published():
    """What the paper's ablations hang on; docs/agents/rainbow.md has the sources."""
    btr = ALGORITHMS["btr"].settings
    assert (btr.double, btr.dueling, btr.noisy, btr.prioritized) == (False, True, True, True)
    assert (btr.values, btr.taus, btr.munchausen, btr.n_step, btr.gamma) == ("iqn", 8, True, 3, 0.997)
    assert (btr.pixel_trunk, btr.impala_width, btr.spectral_norm, btr.head_size) == ("impala", 2, True, 512)
    assert (btr.batch_size, btr.learning_rate, btr.max_gradient_norm) == (256, 1e-4, 10.0)
    assert btr.adam_epsilon == pytest.approx(1.95e-5, rel=0.01)
    assert (btr.target_every, btr.replay_capacity, btr.learning_starts) == (500, 2**20, 200_000)
    assert (btr.priority_exponent, btr.beta) == (0.2, 0.2)
    assert btr.epsilon == Linear(1.0, 0.01, 8_000_000 // 4, off_at=100_000_000 // 4)
    assert ALGORITHMS["btr"].replay_ratio == 1 / 64


def test_keras2018_is_as_it_was():
    """src/run-mario.py and src/dqn/model.py there; docs/agents/keras2018.md has the differences."""
    keras = ALGORITHMS["keras2018"].settings
    assert not any((keras.double, keras.dueling, keras.noisy, keras.prioritized, keras.clip_rewards))
    assert (keras.values, keras.loss, keras.n_step, keras.gamma) == ("mean", "squares", 1, 0.99)
    assert (keras.reward_scale, keras.value_rescaling, keras.max_gradient_norm) == (1.0, False, 10.0)
    assert (keras.batch_size, keras.replay_capacity, keras.learning_starts) == (4, 10_000, 20)
    assert (keras.pixel_trunk, keras.head_size, keras.adam_epsilon) == ("keras2018", 128, 1e-4)
    decay, updates = 1e-6, 1_000_000
    assert value_at(keras.learning_rate, 4 * updates) == pytest.approx(1e-4 / (1 + decay * updates))
    assert keras.learning_rate == Inverse(1e-4, 4_000_000)
    assert keras.epsilon == Bent(1.0, 0.1, 0.01, 100_000, 10_000_000 // 2)
    assert ALGORITHMS["keras2018"].replay_ratio == 1 / 4


@pytest.mark.parametrize("name", ["bt", "", "btr+", "btr+dqn", "tiny+laptop", "btr+tiny+laptop"])
def test_an_unknown_preset_is_refused_with_the_names_there_are(name):
    with pytest.raises(ValueError, match="dqn, rainbow, btr, keras2018, pixels, the sizes tiny, laptop, desktop"):
        find_preset(name)


def test_a_preset_of_another_agent_is_refused():
    with pytest.raises(SettingsError, match="The preset dqn is one of the agent rainbow, not of sarsa"):
        settings_for("space_invaders", "sarsa", "dqn")


def test_a_run_that_goes_on_takes_no_preset():
    with pytest.raises(SettingsError, match="--preset is for a new run"):
        defaults(["--resume", "--run", "somewhere", "--preset", "btr"])


@pytest.mark.parametrize("name", [*ALGORITHMS, *SIZES])
def test_settings_come_back_from_config_json(name):
    settings = dataclasses.replace(settings_for("space_invaders", preset=name), expert_ratio=Linear(0.5, 0.0, 100))
    values = json.loads(json.dumps(to_json(settings)))
    assert values["expert_ratio"] == "linear(0.5, 0, 100)"
    assert from_json(values, AGENTS[settings.agent].settings) == settings


def test_a_run_of_before_the_pictures_settings_still_loads():
    settings = settings_for("space_invaders")
    values = json.loads(json.dumps(to_json(settings)))
    for name in ("picture_size", "max_two_frames", "frame_differences"):
        del values["env"][name]
    del values["agent_settings"]["loss"]
    assert from_json(values, RainbowSettings) == settings


def test_a_schedule_in_config_json_that_cannot_be_read_is_said():
    values = to_json(settings_for("space_invaders"))
    with pytest.raises(SettingsError, match=r"another version of quarterup .*'fast' is no schedule"):
        from_json({**values, "expert_ratio": "fast"}, RainbowSettings)


def test_another_agent_than_the_presets_has_its_own_defaults_in_the_same_environment():
    settings = settings_for("space_invaders", "pqn")
    assert settings.agent_settings == AGENTS["pqn"].settings()
    assert settings.env == PRESETS["space_invaders"].env
