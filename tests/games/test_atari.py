"""The Atari games: that all of ale-py's are there, start, play, and can be played again from what was sent."""

from __future__ import annotations

import subprocess
import sys

import ale_py
import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from quarterup.envs import ArcadeEnv
from quarterup.games import FAMILIES, UnknownGame, family_of, find_game
from quarterup.games.atari import ROMS, AtariGame, AtariMemory, env_name
from quarterup.training.playback import Playback

STEPS = 200


def memory_of(score: int, lives: int, over: int) -> AtariMemory:
    return AtariMemory(score.to_bytes(8, "little", signed=True) + bytes([lives, over]))


def test_every_game_that_ale_py_has_for_one_player_is_there_by_its_name() -> None:
    gymnasium.register_envs(ale_py)
    theirs = {name.removeprefix("ALE/").removesuffix("-v5") for name in gymnasium.registry if name.startswith("ALE/")}
    assert {f"Atari-{name}" for name in theirs} == {env_name(rom) for rom in ROMS}
    assert len(ROMS) == 104
    assert all(f"quarterup/{env_name(rom)}-v0" in gymnasium.registry for rom in ROMS)


@pytest.mark.parametrize("rom", ROMS)
def test_a_game_starts_and_plays_the_same_again(rom: str) -> None:
    env = ArcadeEnv(f"atari_{rom}", obs="ram", sticky=0.25)
    actions = np.random.default_rng(0).integers(env.action_space.n, size=STEPS)

    def play(steps: int) -> list[tuple[bytes, float]]:
        seen = [(env.reset(seed=3)[0].tobytes(), 0.0)]
        for action in actions[:steps]:
            observation, reward, terminated, _, _ = env.step(action)
            seen.append((observation.tobytes(), reward))
            if terminated:
                break
        return seen

    first = play(STEPS)
    trace = env.cabinet.trace()
    again = play(STEPS // 4)
    env.close()
    assert len({observation for observation, _ in first}) > 1
    assert again == first[: len(again)]
    with Playback(trace, pictures=False) as playback:
        for _ in playback.play():  # from power-on, without loading a state; it compares score and memory at the end
            pass


@pytest.mark.parametrize("obs", ["pixels", "ram", "screen"])
@pytest.mark.filterwarnings("ignore:.*not within the observation space.*")
def test_gymnasium_accepts_the_environment(obs: str) -> None:
    env = gymnasium.make("quarterup/Atari-Breakout-v0", obs=obs)
    check_env(env.unwrapped, skip_render_check=True)
    env.close()


def test_a_step_earns_what_was_won_in_it() -> None:
    game = AtariGame("pong")
    won = game.outcome(memory_of(-3, 2, 0), memory_of(797, 2, 0))
    assert (won.reward, won.terminated, won.life_lost) == (800.0, False, False)
    lost = game.outcome(memory_of(5, 2, 0), memory_of(4, 1, 1))
    assert (lost.reward, lost.terminated, lost.life_lost) == (-1.0, True, True)


def test_games_are_found_by_any_of_their_names() -> None:
    assert find_game("atari_ms_pacman").id == find_game("Atari-MsPacman").id == "atari_ms_pacman"
    assert find_game("space_invaders").system == "arcade"
    assert family_of("atari_pong") is FAMILIES["atari"]
    with pytest.raises(UnknownGame, match="atari_pong"):
        find_game("atari_pongg")


def test_there_are_no_features() -> None:
    with pytest.raises(ValueError, match="use obs='pixels' or obs='ram'"):
        ArcadeEnv("atari_pong")


def test_ale_py_is_not_loaded_before_it_is_needed() -> None:
    code = "import sys, quarterup; sys.exit('ale_py' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
