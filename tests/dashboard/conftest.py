"""A training on the real arcade machine with its page, one without a machine, and a real browser to open them."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright
from watched import Training, training_in

from quarterup.dashboard.process import DashboardProcess
from quarterup.training.run_folder import RunFolder, describe
from quarterup.training.settings import TrainSettings, to_json

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    with training_in(tmp_path_factory.mktemp("training")) as running:
        yield running


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of one that has only been described."""
    path = tmp_path_factory.mktemp("runs") / "one"
    RunFolder.create(path, describe(to_json(TrainSettings("space_invaders")), None))
    return path


@pytest.fixture(scope="module")
def server(run: Path) -> Iterator[DashboardProcess]:
    """Its page."""
    process = DashboardProcess([run], "127.0.0.1", 0)
    yield process
    process.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = next(filter(None, map(shutil.which, BROWSERS)), None)
    if program is None:
        pytest.skip("there is no Chromium here")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield chromium
        chromium.close()
