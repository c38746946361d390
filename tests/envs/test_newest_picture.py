"""Two frames in one picture, and differences of pictures: exact, against the same game seen frame by frame."""

from __future__ import annotations

import numpy as np
import pytest

from quarterup.envs.newest_picture import difference
from quarterup.envs.trace import IDLE

PICTURES = ("pixels", "bitmap", "screen")
STEPS = 40


def played(env, seed=3):
    """Random actions for a while: every observation, the first included, and the actions as they came through."""
    rng = np.random.default_rng(0)
    shown = [env.reset(seed=seed)[0]]
    shown += [env.step(rng.integers(env.action_space.n))[0] for _ in range(STEPS)]
    holds = [(action, frames) for action, frames in env.cabinet.trace().each_hold() if action != IDLE]
    return np.array(shown), [action for action, frames in holds for _ in range(frames)]


def newest(observations, obs):
    return observations if obs == "screen" else observations[:, -1]


def frame_by_frame(make_env, obs, actions):
    """The picture after every single frame, the first before any action."""
    env = make_env(obs=obs, frame_skip=1, stack=1)
    return newest(np.array([env.reset(seed=3)[0], *(env.step(action)[0] for action in actions)]), obs)


@pytest.mark.parametrize("obs", PICTURES)
@pytest.mark.parametrize(("frame_skip", "sticky"), [(4, 0.0), (4, 0.6), (2, 0.6)])
def test_a_picture_is_the_brighter_of_the_steps_last_two_frames(make_env, obs, sticky, frame_skip):
    env = make_env(obs=obs, max_two_frames=True, sticky=sticky, frame_skip=frame_skip)
    shown, actions = played(env)
    frames = frame_by_frame(make_env, obs, actions)
    last, last_but_one = frames[frame_skip::frame_skip], frames[frame_skip - 1 :: frame_skip][:STEPS]
    assert np.array_equal(newest(shown, obs)[0], frames[0]), "the first is of one frame"
    assert np.array_equal(newest(shown, obs)[1:], np.maximum(last, last_but_one))
    assert not np.array_equal(last, np.maximum(last, last_but_one)), "something blinked or moved"


@pytest.mark.parametrize("obs", PICTURES)
def test_a_difference_is_half_of_what_was_added_since_the_step_before_around_128(make_env, obs):
    shown, actions = played(make_env(obs=obs, frame_differences=True))
    pictures = frame_by_frame(make_env, obs, actions)[::4].astype(int)
    assert (newest(shown, obs)[0] == 128).all()
    assert np.array_equal(newest(shown, obs)[1:], 128 + np.floor_divide(np.diff(pictures, axis=0), 2))
    assert (newest(shown, obs)[1:] != 128).any()


def test_differences_are_those_of_pictures_of_two_frames(make_env):
    pictures, _ = played(make_env(obs="pixels", max_two_frames=True))
    shown, _ = played(make_env(obs="pixels", max_two_frames=True, frame_differences=True))
    assert np.array_equal(shown[1:, -1], 128 + np.floor_divide(np.diff(pictures[:, -1].astype(int), axis=0), 2))


def test_a_stack_of_differences_begins_anew_with_an_episode(make_env):
    env = make_env(obs="bitmap", frame_differences=True, life_loss_ends_episode=True)
    env.reset(seed=5)
    over = False
    while not over:
        observation, _, over, _, info = env.step(0)
    assert info["lives"] == 2, "the same game goes on"
    assert (observation != 128).any()
    assert (env.reset()[0] == 128).all()


@pytest.mark.parametrize("settings", [{"max_two_frames": True}, {"frame_differences": True}])
@pytest.mark.parametrize("obs", ["features", "ram"])
def test_what_is_no_picture_stays_as_it_is(make_env, obs, settings):
    with_it, without = played(make_env(obs=obs, sticky=0.3, **settings)), played(make_env(obs=obs, sticky=0.3))
    assert np.array_equal(with_it[0], without[0])
    assert with_it[1] == without[1]


def test_two_pictures_a_step_do_not_change_the_game(make_env):
    plain, two = make_env(obs="pixels", sticky=0.3), make_env(obs="pixels", sticky=0.3, max_two_frames=True)
    played(plain)
    played(two)
    assert np.array_equal(plain.cabinet.trace().holds, two.cabinet.trace().holds)
    assert plain.cabinet.trace().memory_sha256 == two.cabinet.trace().memory_sha256


def test_many_environments_draw_what_one_does(make_env, make_vector_env):
    settings = {"obs": "pixels", "max_two_frames": True, "frame_differences": True}
    env, envs = make_env(**settings), make_vector_env(2, **settings)
    observations, _ = envs.reset(seed=[3, 4])
    assert np.array_equal(observations[0], env.reset(seed=3)[0])
    for _ in range(30):
        observations, *_ = envs.step(np.array([5, 2]))
        assert np.array_equal(observations[0], env.step(5)[0])


def test_every_difference_of_two_bytes_fits_a_byte():
    now, before = np.meshgrid(np.arange(256, dtype=np.uint8), np.arange(256, dtype=np.uint8))
    expected = 128 + np.floor((now.astype(float) - before) / 2)
    assert np.array_equal(difference(now, before), expected)
    assert (expected.min(), expected.max()) == (0, 255)


def test_a_step_of_one_frame_has_no_last_two(make_env):
    with pytest.raises(ValueError, match="frame_skip of 2"):
        make_env(obs="pixels", max_two_frames=True, frame_skip=1)
