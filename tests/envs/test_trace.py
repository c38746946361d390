"""Traces: what cabinets keep of a game, and its file."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from quarterup.envs import ArcadeVectorEnv
from quarterup.envs.trace import IDLE, Trace, TraceError, hold, read_trace, trace_to_bytes

MakeVectorEnv = Callable[..., ArcadeVectorEnv]

SOME = Trace(
    game="space_invaders",
    machine="invaders",
    emulator="MAME 0.251",
    rom_status="stand-in",
    rom_sha256={"invaders/a": "12"},
    frame_skip=4,
    noops=3,
    score=120.0,
    level=1,
    steps=2,
    memory_sha256="34",
    holds=np.array([hold(IDLE, 1), hold(5, 4), hold(5, 3), hold(2, 1)], np.uint32),
)


def test_a_trace_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.trace").write_bytes(trace_to_bytes(SOME))
    read = read_trace(tmp_path / "a.trace")
    assert dataclasses.replace(read, holds=SOME.holds) == SOME
    assert list(read.each_hold()) == [(IDLE, 1), (5, 4), (5, 3), (2, 1)]
    assert read.frames == 9


@pytest.mark.parametrize("place", [3, 60, -1])
def test_a_damaged_trace_says_so(tmp_path: Path, place: int) -> None:
    content = bytearray(trace_to_bytes(SOME))
    content[place] ^= 0xFF
    (tmp_path / "a.trace").write_bytes(content)
    with pytest.raises(TraceError, match=r"a\.trace is (damaged|no trace)"):
        read_trace(tmp_path / "a.trace")


def test_what_is_no_trace_says_so(tmp_path: Path) -> None:
    with pytest.raises(TraceError, match="There is no trace"):
        read_trace(tmp_path / "a.trace")
    for content in (b"", trace_to_bytes(SOME)[:-5], b"\xff" * 100):
        (tmp_path / "a.trace").write_bytes(content)
        with pytest.raises(TraceError, match="damaged, or no trace"):
            read_trace(tmp_path / "a.trace")
    with (tmp_path / "a.trace").open("wb") as file:
        file.truncate(1 << 30)
    with pytest.raises(TraceError, match="larger than any"):
        read_trace(tmp_path / "a.trace")


def test_a_trace_has_every_frame_that_was_sent(make_vector_env: MakeVectorEnv) -> None:
    env = make_vector_env(1, noop_max=0, frame_skip=3)
    env.reset(seed=1)
    for action in (4, 4, 1):
        env.step(np.array([action]))
    trace = env.trace(0)
    assert list(trace.each_hold()) == [(IDLE, 1), (4, 3), (4, 3), (1, 3)]
    assert (trace.steps, trace.frames, trace.noops, trace.frame_skip) == (3, 10, 0, 3)


def test_a_sticky_step_is_two_holds_of_one_step(make_vector_env: MakeVectorEnv) -> None:
    env = make_vector_env(1, sticky=0.5)
    env.reset(seed=1)
    for step in range(60):
        env.step(np.array([step % 2 + 1]))
    holds = list(env.trace(0).each_hold())[1:]
    assert sum(frames for _, frames in holds) == 4 * 60
    assert 60 < len(holds) < 120
    ends = np.cumsum([frames for _, frames in holds])
    assert set(range(4, 244, 4)) <= set(ends.tolist())


def test_a_game_goes_on_in_the_same_trace_after_a_lost_life_and_the_next_begins_another(
    make_vector_env: MakeVectorEnv,
) -> None:
    env = make_vector_env(1, life_loss_ends_episode=True)
    env.reset(seed=1)
    lives_lost, games = 0, []
    while len(games) < 2:
        _, _, terminated, _, infos = env.step(np.array([0]))
        if terminated[0] and infos["lives"][0] > 0:
            lives_lost += 1
        elif terminated[0]:
            games.append(env.trace(0))
    assert lives_lost == 4
    for trace in games:
        actions = [action for action, _ in trace.each_hold()]
        assert actions.count(IDLE) == 3
        assert len(actions) == trace.steps + 3
