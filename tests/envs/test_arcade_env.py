"""ArcadeEnv keeps Gymnasium's contract, on the real machine."""

import warnings

import gymnasium as gym
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import quarterup  # noqa: F401  (registers the games)
from quarterup.emulators.emulator import EmulatorError, RomError
from quarterup.envs import ArcadeEnv
from quarterup.games import UnknownGame

KINDS = ("features", "ram", "pixels", "bitmap", "screen")


def play(env, steps, seed, action_seed=0):
    """Random actions, as one flat record of everything that came back."""
    rng = np.random.default_rng(action_seed)
    record = [env.reset(seed=seed)[0].tobytes()]
    for _ in range(steps):
        observation, reward, terminated, truncated, info = env.step(rng.integers(env.action_space.n))
        record.append((observation.tobytes(), reward, terminated, truncated, info["score"], info["lives"]))
        if terminated or truncated:
            record.append(env.reset()[0].tobytes())
    return record


@pytest.mark.parametrize("obs", KINDS)
def test_gymnasiums_checker_has_nothing_to_say(obs, display):
    env = gym.make("quarterup/SpaceInvaders-v0", obs=obs, render_mode="rgb_array")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(env.unwrapped)
    env.close()


@pytest.mark.parametrize("obs", KINDS)
def test_same_seed_and_actions_give_the_same_bytes_in_every_process(make_env, obs):
    assert play(make_env(obs=obs), 150, seed=3) == play(make_env(obs=obs), 150, seed=3)


def test_same_seed_gives_the_same_bytes_again_in_the_same_process(make_env):
    env = make_env(sticky=0.25)
    first = play(env, 400, seed=0)
    assert play(env, 400, seed=0) == first
    assert play(env, 400, seed=1) != first


def test_the_picture_is_as_large_as_asked(make_env):
    half, usual = make_env(obs="pixels", picture_size=42), make_env(obs="pixels")
    small, large = half.reset(seed=1)[0], usual.reset(seed=1)[0]
    assert small.shape == half.observation_space.shape == (4, 42, 42)
    coarser = large.reshape(4, 42, 2, 42, 2).mean((2, 4))
    assert np.corrcoef(small.ravel(), coarser.ravel())[0, 1] > 0.99
    assert play(half, 50, seed=3) == play(make_env(obs="pixels", picture_size=42), 50, seed=3)


def test_a_picture_too_small_to_show_anything_is_refused(make_env):
    with pytest.raises(ValueError, match="picture_size=4: at least 8 are needed"):
        make_env(obs="pixels", picture_size=4)


def test_the_seed_decides_how_many_idle_frames_come_first(make_env):
    env = make_env(obs="ram")
    starts = {env.reset(seed=seed)[0].tobytes() for seed in range(12)}
    assert len(starts) > 6
    env = make_env(obs="ram", noop_max=0)
    assert len({env.reset(seed=seed)[0].tobytes() for seed in range(5)}) == 1


def test_sticky_actions_hold_the_previous_one_for_whole_frames(make_env):
    """Walking right for a step after standing still: 4 pixels, less one for every frame that the action stuck."""
    env = make_env(obs="ram", sticky=0.5, noop_max=0)
    gun_x = 0x1B
    walked = []
    for seed in range(60):
        before = env.reset(seed=seed)[0][gun_x]
        walked.append(int(env.step(2)[0][gun_x]) - int(before))
    assert set(walked) == {0, 1, 2, 3, 4}
    assert 0.3 < np.mean(np.array(walked) == 4) < 0.7


def test_the_score_is_the_sum_of_the_rewards_and_the_episode_ends_with_the_game(make_env):
    env = make_env()
    _, info = env.reset(seed=5)
    assert info["lives"] == 3
    total, losses, over = 0.0, 0, False
    while not over:
        _, reward, over, truncated, info = env.step(env.expert_action() if info["episode_steps"] < 300 else 0)
        total += reward
        losses += info["life_lost"]
        assert not truncated
    assert info["score"] == total > 0
    assert losses == 3
    assert info["lives"] == 0
    assert info["episode_frames"] == 4 * info["episode_steps"]


def test_a_life_lost_is_the_end_only_where_asked_for_and_then_the_same_game_goes_on(make_env):
    env = make_env(life_loss_ends_episode=True)
    _, info = env.reset(seed=5)
    over = False
    while not over:
        _, _, over, _, info = env.step(0)
    assert info["lives"] == 2
    assert info["life_lost"]
    score = info["score"]
    _, info = env.reset()
    assert info["lives"] == 2
    assert info["score"] == score
    _, info = env.reset(seed=5)
    assert info["lives"] == 3, "a seed asks for a new game"
    ends = []
    for _ in range(3):
        over = False
        while not over:
            _, _, over, _, info = env.step(0)
        ends.append(info["lives"])
        _, info = env.reset()
    assert ends == [2, 1, 0]
    assert info["lives"] == 3, "the last life's end is the game's"


def test_an_episode_is_cut_off_at_its_longest(make_env):
    env = make_env(max_episode_frames=40)
    env.reset(seed=0)
    cut = [env.step(0)[3] for _ in range(10)]
    assert cut == [False] * 9 + [True]


def test_a_stack_holds_the_newest_pictures_and_begins_with_copies_of_the_first(make_env):
    env = make_env(obs="bitmap", stack=3)
    observation, _ = env.reset(seed=0)
    assert np.array_equal(observation[0], observation[2])
    shown = [observation[2]]
    for _ in range(4):
        observation, *_ = env.step(5)
        shown.append(observation[2])
    assert all(np.array_equal(observation[i], shown[-3 + i]) for i in range(3))
    assert not np.array_equal(observation[0], observation[2])


def test_a_stack_begins_anew_also_after_a_lost_life(make_env):
    """It is the first observation of an episode, and a replay keeps none from before that."""
    env = make_env(obs="bitmap", stack=3, life_loss_ends_episode=True)
    env.reset(seed=5)
    over = False
    while not over:
        _, _, over, _, info = env.step(0)
    assert info["lives"] == 2
    observation, _ = env.reset()
    assert np.array_equal(observation[0], observation[2])


def test_rendering_does_not_change_the_game(make_env):
    plain, drawn = make_env(obs="features"), make_env(obs="features", render_mode="rgb_array")
    assert play(plain, 100, seed=1) == play(drawn, 100, seed=1)
    picture = drawn.render()
    assert picture.shape == (260, 224, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) >= 2


def test_an_emulator_that_dies_is_replaced_and_its_episode_is_truncated_with_the_reason(make_env, mame_of):
    env = make_env()
    env.reset(seed=0)
    newest, *_ = env.step(0)
    victim = mame_of(env.cabinet)
    victim.kill()
    victim.wait()
    observation, reward, terminated, truncated, info = env.step(0)
    assert (reward, terminated, truncated) == (0.0, False, True)
    assert info["emulator_died"]
    assert env.observation_space.contains(observation)
    assert np.array_equal(observation, newest)
    env.reset(seed=0)
    assert env.step(0)[3] is False


def test_a_window_without_a_display_is_refused_at_once(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    with pytest.raises(EmulatorError, match="display"):
        ArcadeEnv("space_invaders", render_mode="human")


def test_bad_arguments_say_what_is_wrong(tmp_path, monkeypatch):
    with pytest.raises(UnknownGame, match="space_invaders"):
        ArcadeEnv("space_invader")
    for arguments, words in [
        ({"obs": "sound"}, "features"),
        ({"frame_skip": 0}, "frame_skip"),
        ({"sticky": 1.0}, "sticky"),
        ({"render_mode": "ascii"}, "rgb_array"),
        ({"stack": 0}, "stack"),
    ]:
        with pytest.raises(ValueError, match=words):
            ArcadeEnv("space_invaders", **arguments)
    partial = tmp_path / "invaders"
    partial.mkdir()
    (partial / "invaders.h").write_bytes(bytes(2048))
    with pytest.raises(RomError, match=r"invaders\.g"):
        ArcadeEnv("space_invaders", roms=[tmp_path])
