"""`quarterup plot --kind network`: the network of a run's checkpoint, as it is."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from quarterup.agents.networks.layers import layers_of
from quarterup.agents.rainbow import Rainbow
from quarterup.agents.rainbow_settings import RainbowSettings
from quarterup.cli.main import main
from quarterup.envs.observations import view_of
from quarterup.envs.settings import EnvSettings
from quarterup.games import find_game
from quarterup.training import network_plot
from quarterup.training.checkpoints import Checkpoint
from quarterup.training.network_plot import COLOURS, MOST_ACTIONS, plot_network
from run_maker import make_run

SMALL = RainbowSettings(hidden_sizes=(16, 16), head_size=16, replay_capacity=1_000, learning_starts=100)


def make_run_with_network(path: Path, settings: RainbowSettings, env: EnvSettings) -> Rainbow:
    run = make_run(path, episodes=2, agent_settings=settings, env=env)
    game = find_game("space_invaders")
    agent = Rainbow(view_of(game, env).space, len(game.actions), 2, settings, 0)
    run.checkpoints.save(Checkpoint(100, agent.state(), {}))
    return agent


def pixels_of(path: Path, colour: str) -> int:
    picture = np.asarray(Image.open(path).convert("RGB"), np.int64)
    return int((np.abs(picture - np.array(to_rgb(colour)) * 255).max(axis=-1) < 6).sum())


@pytest.mark.parametrize(
    ("settings", "env", "kinds"),
    [
        (SMALL, EnvSettings(), {"linear", "noisy"}),
        (dataclasses.replace(SMALL, noisy=False, dueling=False, epsilon=0.1), EnvSettings(obs="ram"), {"linear"}),
        (SMALL, EnvSettings(obs="pixels", stack=3), {"convolution", "noisy"}),
        (
            dataclasses.replace(SMALL, pixel_trunk="impala", impala_width=1, values="iqn"),
            EnvSettings(obs="pixels"),
            {"convolution", "residual", "embedding", "noisy"},
        ),
    ],
)
def test_what_a_network_consists_of_is_drawn_in_its_colours(
    tmp_path: Path, settings: RainbowSettings, env: EnvSettings, kinds: set[str]
) -> None:
    make_run_with_network(tmp_path / "run", settings, env)
    assert main(["plot", str(tmp_path / "run"), "--kind", "network"]) == 0
    drawn = tmp_path / "run/plots/network.png"
    for kind, colour in COLOURS.items():
        if kind in kinds | {"input"}:
            assert pixels_of(drawn, colour) > 150, kind
        elif kind != "outputs":
            assert pixels_of(drawn, colour) == 0, kind


def test_shapes_parameters_and_actions_are_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    monkeypatch.setattr(
        network_plot, "save_figure", lambda figure, _: written.extend(text.get_text() for text in figure.axes[0].texts)
    )
    agent = make_run_with_network(tmp_path / "run", SMALL, EnvSettings(obs="pixels"))
    total = sum(parameter.numel() for parameter in agent.online.parameters())
    assert main(["plot", str(tmp_path / "run"), "--kind", "network"]) == 0
    assert {f"{total:,} parameters", "4 × 84 × 84", "64 × 7 × 7", "2 × 16", "51 / 306", "6 × 51"} <= set(written)
    assert {"convolution 8×8", "stride 4", "8,224 parameters", "noisy linear", "value / advantages"} <= set(written)
    assert {action.name for action in find_game("space_invaders").actions} <= set(written)


def test_more_actions_than_there_is_room_for_are_one_bar(tmp_path: Path) -> None:
    agent = make_run_with_network(tmp_path / "run", SMALL, EnvSettings())
    layers = layers_of(agent.online, (len(find_game("space_invaders").features),))
    few, many = tmp_path / "few.png", tmp_path / "many.png"
    plot_network(layers, few, title="few", actions=["a"] * MOST_ACTIONS)
    plot_network(layers, many, title="many", actions=["a"] * (MOST_ACTIONS + 1))
    assert pixels_of(few, COLOURS["outputs"]) > 1.2 * pixels_of(many, COLOURS["outputs"]) > 500


def test_what_cannot_be_drawn_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make_run(tmp_path / "new", episodes=2)
    make_run(tmp_path / "other", episodes=2)
    assert main(["plot", str(tmp_path / "new"), "--kind", "network"]) == 2
    assert "has no checkpoint yet" in capsys.readouterr().err
    assert main(["plot", str(tmp_path / "new"), str(tmp_path / "other"), "--kind", "network"]) == 2
    assert "network is of one run" in capsys.readouterr().err
