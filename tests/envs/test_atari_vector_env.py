"""AtariVectorEnv: ale-py's own vector environment behind our interface, with settings that mean the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

from quarterup.envs import ArcadeVectorEnv, AtariVectorEnv, make_vector_env
from quarterup.envs.atari_trace import holds_of
from quarterup.envs.trace import IDLE, Trace
from quarterup.training.playback import Playback

MakeEnv = Callable[..., AtariVectorEnv]


@pytest.fixture
def make() -> Iterator[MakeEnv]:
    made: list[AtariVectorEnv] = []

    def make_one(game: str = "atari_breakout", num_envs: int = 2, **settings: Any) -> AtariVectorEnv:
        made.append(AtariVectorEnv(game, num_envs, obs="pixels", **settings))
        return made[-1]

    yield make_one
    for env in made:
        env.close()


def play(env: AtariVectorEnv, steps: int, seed: int = 1) -> Iterator[tuple[Any, ...]]:
    """Random play, the result of each step."""
    rng = np.random.default_rng(0)
    yield env.reset(seed=seed)
    for _ in range(steps):
        yield env.step(rng.integers(env.single_action_space.n, size=env.num_envs))


def whole_games(env: AtariVectorEnv, wanted: int, seed: int = 1) -> list[tuple[Trace, float]]:
    """The traces of games that have ended, each with its score."""
    games: list[tuple[Trace, float]] = []
    for _, *rest in play(env, 4000, seed):
        if len(rest) == 1:
            continue
        _, terminated, truncated, infos = rest
        over = np.flatnonzero(truncated | (terminated & (infos["lives"] == 0)))
        games += [(env.trace(index), float(infos["score"][index])) for index in over]
        if len(games) >= wanted:
            return games
    raise AssertionError(f"only {len(games)} games ended")


def test_gymnasium_makes_it_where_it_can_do_what_is_asked() -> None:
    for settings, kind in (
        ({}, AtariVectorEnv),
        ({"sticky": 0.25, "life_loss_ends_episode": True, "max_two_frames": True}, AtariVectorEnv),
        ({"obs": "ram"}, ArcadeVectorEnv),
        ({"frame_differences": True}, ArcadeVectorEnv),
        ({"render_mode": "rgb_array"}, ArcadeVectorEnv),
        ({"autoreset_mode": "SameStep"}, ArcadeVectorEnv),
    ):
        env = gymnasium.make_vec("quarterup/Atari-Pong-v0", num_envs=2, **settings)
        assert type(env.unwrapped) is kind, settings
        assert env.single_observation_space.shape == ((128,) if settings.get("obs") == "ram" else (4, 84, 84))
        env.close()
    with pytest.raises(ValueError, match="has no obs='ram': use ArcadeVectorEnv"):
        AtariVectorEnv("atari_pong", 1, obs="ram")


def test_the_same_seed_and_actions_give_the_same_bytes(make: MakeEnv) -> None:
    def seen(seed: int) -> list[bytes]:
        return [step[0].tobytes() for step in play(make(sticky=0.25), 60, seed)]

    assert seen(5) == seen(5) != seen(6)


def test_the_picture_is_as_large_as_asked(make: MakeEnv) -> None:
    ours = make("atari_pong", picture_size=42)
    other = make_vector_env("atari_pong", 2, obs="pixels", picture_size=42, frame_differences=True)
    assert ours.single_observation_space == other.single_observation_space
    assert list(play(ours, 3))[-1][0].shape == (2, 4, 42, 42)
    assert ours.look(1).picture.shape == (210, 160, 3)
    other.close()


def test_it_has_the_interface_of_the_other_one(make: MakeEnv) -> None:
    ours, other = make("atari_pong"), make_vector_env("atari_pong", 1, obs="pixels", frame_differences=True)
    assert isinstance(other, ArcadeVectorEnv)
    assert ours.facts == other.facts
    for name in ("game_id", "action_names", "feature_names", "has_expert", "single_observation_space"):
        assert getattr(ours, name) == getattr(other, name), name
    *_, infos = list(play(ours, 3))[-1]
    assert set(infos) == set(other.reset(seed=1)[1])
    look = ours.look(1)
    assert look.picture.shape == (210, 160, 3)
    assert look.episode.steps == 3
    other.close()


@pytest.mark.parametrize("two_frames", [False, True])
@pytest.mark.parametrize("size", [42, 84])
def test_trainings_here_and_evaluations_there_see_the_same(make: MakeEnv, two_frames: bool, size: int) -> None:
    settings = {"picture_size": size, "max_two_frames": two_frames, "noop_max": 0}
    ours = make("atari_pong", 1, **settings)
    other = ArcadeVectorEnv("atari_pong", 1, obs="pixels", **settings)  # type: ignore[arg-type]
    for step, (here, there) in enumerate(zip(play(ours, 200), play(other, 200), strict=True)):  # type: ignore[arg-type]
        assert np.array_equal(here[0], there[0]), step
    other.close()


@pytest.mark.parametrize("sticky", [0.0, 0.25])
@pytest.mark.parametrize("life_loss", [False, True])
def test_a_trace_plays_the_same_game_again_from_power_on(make: MakeEnv, sticky: float, life_loss: bool) -> None:
    games = whole_games(make(sticky=sticky, life_loss_ends_episode=life_loss), 3)
    assert any(score > 0 for _, score in games)
    for trace, score in games:
        assert trace.score == score
        with Playback(trace, pictures=False) as playback:
            frames = list(playback.play())  # raises PlaybackError if score or memory come out otherwise
        assert frames[trace.frames - 1].score == score


def test_games_begin_with_as_many_idle_frames_as_allowed(make: MakeEnv) -> None:
    noops = [trace.noops for trace, _ in whole_games(make(noop_max=5, max_episode_frames=40), 60)]
    assert set(noops) == set(range(6))
    assert {trace.noops for trace, _ in whole_games(make(noop_max=0, max_episode_frames=40), 10)} == {0}


def test_an_episode_is_cut_off_at_its_cap(make: MakeEnv) -> None:
    steps = list(play(make(max_episode_frames=38), 21))[1:]
    cut = [index for index, (_, _, _, truncated, _) in enumerate(steps, 1) if truncated.all()]
    assert cut == [10, 21]
    assert steps[9][4]["episode_frames"].tolist() == [40, 40]
    assert steps[10][4]["episode_steps"].tolist() == [0, 0]


def test_an_episodes_first_picture_stands_for_those_before(make: MakeEnv) -> None:
    steps = [step[0] for step in play(make(max_episode_frames=40), 14)]
    for first in (0, 11):
        start = steps[first]
        assert (start == start[:, :1]).all()
        assert (steps[first + 1][:, :3] == start[:, :1]).all()
        assert (steps[first + 2][:, :2] == start[:, :1]).all()
        assert (steps[first + 2][:, 2] == steps[first + 1][:, 3]).all()


def test_a_lost_life_ends_the_agents_episode_and_not_the_game(make: MakeEnv) -> None:
    env = make(num_envs=1, life_loss_ends_episode=True)
    steps = list(play(env, 400))[1:]
    lost = next(i for i, (_, _, terminated, _, infos) in enumerate(steps) if terminated[0] and infos["lives"][0])
    before, after = steps[lost][4], steps[lost + 1][4]
    assert before["life_lost"][0]
    assert (after["lives"][0], after["score"][0]) == (before["lives"][0], before["score"][0])
    assert after["episode_steps"][0] == before["episode_steps"][0], "the step that follows is none of the agent's"
    assert steps[lost + 1][1][0] == 0.0
    assert (steps[lost + 1][0][0] == steps[lost + 1][0][0, :1]).all(), "what was seen before it is forgotten"


def test_scores_add_up_over_games(make: MakeEnv) -> None:
    total = np.zeros(3)
    env = make(num_envs=3)
    for _, *rest in play(env, 800):
        if len(rest) == 1:
            continue
        rewards, terminated, truncated, infos = rest
        total += rewards
        assert (total == infos["score"]).all()
        total[terminated | truncated] = 0


def test_all_are_reset_or_none(make: MakeEnv) -> None:
    env = make()
    env.reset(seed=1)
    with pytest.raises(ValueError, match="resets all or none"):
        env.reset(options={"reset_mask": np.array([True, False])})


def test_holds_are_what_stuck_and_what_got_through() -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        skip, steps = int(rng.integers(1, 6)), int(rng.integers(1, 9))
        actions = rng.integers(4, size=steps).tolist()
        stuck = rng.random(skip * steps - int(rng.integers(skip))) < 0.4
        held, previous = [], 0
        for frame in range(skip * steps):
            if frame >= len(stuck) or not stuck[frame]:
                previous = actions[frame // skip]
            held.append(previous)
        holds = holds_of(actions, stuck, skip)
        assert [action for code in holds for action in [code & IDLE] * (code >> 16)] == held
