"""Games that are played again from their traces, in real MAME: exactly, as videos, as GIFs, and by MAME alone."""

from __future__ import annotations

import dataclasses
import itertools
import os
import shlex
import subprocess
from pathlib import Path

import av
import numpy as np
import pytest

from quarterup.envs.settings import EnvSettings
from quarterup.envs.trace import Trace, digest
from quarterup.games.space_invaders.memory import InvadersMemory
from quarterup.training.evaluation import evaluate
from quarterup.training.playback import AFTERWARDS_S, Playback, PlaybackError
from quarterup.training.policies import RandomPolicy
from quarterup.training.recording import pixel_aspect, record_inp, record_video

GAME = "space_invaders"
REFRESH_HZ = 59.541985


@pytest.fixture(scope="module")
def short() -> Trace:
    """Ten seconds at random, with sticky actions."""
    settings = EnvSettings(max_episode_frames=600, sticky=0.25)
    return evaluate(RandomPolicy(3), GAME, settings, episodes=2, num_envs=2).best.trace


def test_a_game_comes_out_the_same_each_time_with_and_without_pictures(short: Trace) -> None:
    assert short.score > 0
    for pictures in (False, True):
        with Playback(short, pictures=pictures) as playback:
            frames = [(frame.score, frame.level, frame.step) for frame in playback.play()]
            afterwards = round(AFTERWARDS_S * playback.facts.refresh_hz)
            assert len(frames) == playback.frames == short.frames + afterwards
        assert frames[short.frames - 1] == (short.score, short.level, short.steps)
        scores, steps = np.array(frames)[:, 0], np.array(frames)[:, 2]
        assert (np.diff(scores) >= 0).all()
        assert np.flatnonzero(np.diff(steps)).tolist() == list(range(3, 602, 4))[: short.steps]


def test_a_game_that_comes_out_otherwise_is_an_error(short: Trace) -> None:
    others = {
        "scored 1e\\+06 when it was played": dataclasses.replace(short, score=1e6),
        "but to other memory": dataclasses.replace(short, memory_sha256="12"),
        "not deterministic here": dataclasses.replace(short, noops=short.noops + 40),
        "played in MAME 0.1": dataclasses.replace(short, score=1e6, emulator="MAME 0.1"),
        "another ROM set": dataclasses.replace(short, rom_sha256={}),
        "does not have": dataclasses.replace(short, holds=short.holds + np.uint32(100)),
    }
    for message, other in others.items():
        with pytest.raises(PlaybackError, match=message), Playback(other, pictures=False) as playback:
            list(playback.play())


def test_a_game_that_comes_out_otherwise_gives_no_video(short: Trace, tmp_path: Path) -> None:
    with pytest.raises(PlaybackError):
        record_video(dataclasses.replace(short, score=1e6), tmp_path / "other.mp4")
    assert not list(tmp_path.iterdir())


def test_a_video_has_every_frame_upright_in_the_shape_of_the_screen(short: Trace, tmp_path: Path) -> None:
    path = tmp_path / "game.mp4"
    told: list[tuple[int, int]] = []
    assert record_video(short, path, progress=lambda done, of: told.append((done, of)))
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert (stream.width, stream.height) == (448, 520)
        assert stream.display_aspect_ratio == pytest.approx(3 / 4)
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
        assert stream.duration is not None
        assert stream.time_base is not None
        assert float(stream.duration * stream.time_base) == pytest.approx(len(pictures) / REFRESH_HZ, abs=0.05)
    assert len(pictures) == short.frames + round(AFTERWARDS_S * REFRESH_HZ)
    assert told == [(number, len(pictures)) for number in range(1, len(pictures) + 1)]
    assert (pictures[100] > 128).mean() > 0.02  # enemies, shields and scores
    assert (pictures[100][490:] > 128).any()  # and the ships in reserve, which are below
    moving = [np.any(first != second) for first, second in itertools.pairwise(pictures[: short.frames])]
    assert np.mean(moving) > 0.5


def test_a_video_can_be_cut_short_and_have_a_line_of_text_below(short: Trace, tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    record_video(short, path, max_frames=30, overlay=True, scale=3)
    with av.open(str(path)) as container:
        pictures = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert len(pictures) == 30
    assert pictures[0].shape == (3 * (260 + 11) + 1, 3 * 224)
    first, last = (picture[-33:] for picture in (pictures[0], pictures[-1]))
    assert (first > 150).mean() > 0.05
    assert np.any(np.abs(first.astype(int) - last) > 100)  # the step has gone on


def test_a_gif_has_every_third_frame_in_square_pixels(short: Trace, tmp_path: Path) -> None:
    path = tmp_path / "game.gif"
    assert record_video(short, path, format="gif", scale=1)
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert stream.width / stream.height == pytest.approx(3 / 4, abs=0.01)
        frames = list(container.decode(video=0))
        assert frames[-1].time == pytest.approx((short.frames + 119 - 3) / REFRESH_HZ, abs=0.05)
    colours = {tuple(colour) for colour in frames[100].to_ndarray(format="rgb24").reshape(-1, 3).tolist()}
    assert (0, 0, 0) in colours
    assert max(map(min, colours)) > 250  # white
    assert 3 <= len(colours) < 10  # exact ones: enemies, shields, background and little else


def test_where_mame_does_not_tell_a_screen_is_four_to_three() -> None:
    from quarterup.emulators.emulator import MachineFacts

    upright = MachineFacts("m", "M", "MAME", 224, 256, 60.0, "good", "")
    assert pixel_aspect(upright) == pytest.approx(0.75 * 256 / 224)
    lying = dataclasses.replace(upright, screen_width=320, screen_height=240)
    assert pixel_aspect(lying) == pytest.approx(1.0)
    assert pixel_aspect(dataclasses.replace(lying, display_aspect=2.0)) == pytest.approx(1.5)


READ_AT_THE_END = """
local memory = manager.machine.devices[":maincpu"].spaces["program"]
watcher = emu.register_frame_done(function()
  if manager.machine.screens[":screen"]:frame_number() == {frame} then
    local bytes = {{}}
    for _, range in ipairs({{ {ranges} }}) do
      for at = range[1], range[1] + (range[2] - 1) * range[3], range[3] do
        bytes[#bytes + 1] = string.format("%02x", memory:read_u8(at))
      end
    end
    print("MEMORY " .. table.concat(bytes))
  end
end)
"""


def test_mame_alone_plays_a_game_back_exactly(tmp_path: Path) -> None:
    """A whole game: from power-on, over the start, to the same bytes at its end."""
    trace = evaluate(RandomPolicy(3), GAME, EnvSettings(noop_max=7), episodes=2, num_envs=2).best.trace
    with Playback(trace, pictures=False) as playback:
        frames = list(playback.play())
        number = playback.emulator.step().number - 1 - (len(frames) - trace.frames)
        assert frames[-1].score == trace.score > 0
    inp = tmp_path / "game.inp"
    command = shlex.split(record_inp(trace, inp))
    assert command[-1] == "game.inp"
    assert [path.name for path in tmp_path.iterdir()] == ["game.inp"]
    ranges = ", ".join(f"{{{item.start}, {item.size}, {item.stride}}}" for item in InvadersMemory.ranges)
    (tmp_path / "read.lua").write_text(READ_AT_THE_END.format(frame=number, ranges=ranges))
    silently = ["-video", "none", "-sound", "none", "-nothrottle", "-exit_after_playback"]
    output = subprocess.run(
        [*command, *silently, "-autoboot_script", str(tmp_path / "read.lua"), "-autoboot_delay", "0"],
        env={**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy", "HOME": str(tmp_path)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    ).stdout
    (line,) = (line for line in output.splitlines() if line.startswith("MEMORY "))
    memory = InvadersMemory(bytes.fromhex(line.removeprefix("MEMORY ")))
    assert memory.score == trace.score
    assert memory.in_game == 0
    assert digest(memory) == trace.memory_sha256
    assert "out of sync" not in output.lower()
