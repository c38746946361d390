"""Somebody who watches changes nothing."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from pathlib import Path
from typing import Any

import torch

from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.training.live_file import LIVE_FILE, LiveFile, Wish
from quarterup.training.progress import Silence
from quarterup.training.session import train
from quarterup.training.settings import EnvSettings, TrainSettings

SMALL = RainbowSettings(hidden_sizes=(16,), head_size=16, batch_size=8, learning_starts=100, replay_capacity=4000)


class Viewer(threading.Thread):
    """Wishes for all it can get, and keeps what it is shown."""

    def __init__(self, run: Path) -> None:
        super().__init__(daemon=True)
        self.path = run / LIVE_FILE
        self.over = False
        self.seen: list[dict[str, Any]] = []

    def run(self) -> None:
        while not self.path.exists() and not self.over:
            time.sleep(0.001)
        live = LiveFile(self.path)
        while not self.over:
            live.wish_for(Wish(1000, tuple(range(live.num_envs))))
            for env in range(live.num_envs):
                content = live.env(env)
                if content is not None:
                    length = int.from_bytes(content[:4], "little")
                    values = {**json.loads(content[4 : 4 + length]), "pixels": content[4 + length :]}
                    if values not in self.seen[-4:]:
                        self.seen.append(values)
            time.sleep(0.01)


def trained(run: Path, obs: str, *, watched: bool) -> tuple[dict[str, torch.Tensor], Viewer]:
    settings = TrainSettings(
        "space_invaders",
        steps=500 if obs == "features" else 150,
        run=run,
        mode="sync",
        threads=1,
        device="cpu",
        env=EnvSettings(obs=obs, sticky=0.25, max_episode_frames=400),  # type: ignore[arg-type]
        agent_settings=SMALL if obs == "features" else dataclasses.replace(SMALL, replay_capacity=1000),
    )
    viewer = Viewer(run)
    if watched:
        viewer.start()
    result = train(settings, Silence())
    viewer.over = True
    if watched:
        viewer.join()
    newest = result.run.checkpoints.load_newest()
    assert newest is not None
    return dict(newest[0].agent.tensors), viewer


def test_a_training_that_is_watched_is_the_same_bit_for_bit(tmp_path: Path) -> None:
    alone, _ = trained(tmp_path / "alone", "features", watched=False)
    watched, viewer = trained(tmp_path / "watched", "features", watched=True)
    assert alone.keys() == watched.keys()
    assert all(torch.equal(alone[name], watched[name]) for name in alone)
    assert {values["env"] for values in viewer.seen} == {0, 1}
    assert len({values["pixels"] for values in viewer.seen}) > 3
    for values in viewer.seen:
        assert values["picture"] == [260, 224, 3]
        assert len(values["pixels"]) == 260 * 224 * 3
        assert 0 <= values["best"] < 6
    minds = [values["mind"] for values in viewer.seen if "mind" in values]
    assert 0 < len(minds) < len(viewer.seen)
    for mind in minds:
        assert len(mind["observation"]) == 95
        assert len(mind["beliefs"]["values"]) == 6
        assert abs(sum(mind["beliefs"]["chances"][0]) - 1) < 1e-3


def test_the_frames_that_an_agent_sees_are_shown_beside_the_picture(tmp_path: Path) -> None:
    _, viewer = trained(tmp_path / "run", "pixels", watched=True)
    with_view = [values for values in viewer.seen if "mind" in values]
    assert with_view
    for values in with_view:
        assert values["mind"]["view"] == [4, 84, 84]
        assert len(values["pixels"]) == 260 * 224 * 3 + 4 * 84 * 84
