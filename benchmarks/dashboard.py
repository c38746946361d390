"""What somebody who watches costs a training, and how long the page takes.

    .venv/bin/python benchmarks/dashboard.py [--rounds 5]

One training of Space Invaders by its own settings. In turns, nobody watches, somebody does from another machine (the
page's stream at 15 pictures a second, read and thrown away), and somebody does in a Chromium on this very machine,
which draws the page on the processors that the training uses too. A figure is the median over the rounds, each over
nobody's turn in the same round: of the env steps a second, and of the processor time that trainer and emulators took
for a step, which says what the watching itself costs also where others use the machine. Then how long the page takes to
show its first picture, and its charts for a run of ten million steps. Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import psutil
from playwright.sync_api import Browser, sync_playwright

from quarterup.dashboard.process import DashboardProcess
from quarterup.training.live_file import LIVE_FILE, LiveFile
from quarterup.training.metrics import Episode, MetricsWriter, Moment
from quarterup.training.run_folder import RunFolder, describe
from quarterup.training.settings import TrainSettings, to_json
from report import say

SETTLING_S = 3.0
MEASURED_S = 10.0
LONG_RUN_STEPS = 10_000_000
STEPS_BETWEEN_ROWS = 400
SCALARS = ("loss", "q", "gradient_norm", "learning_rate", "epsilon", "error", "beta", "expert_ratio")
LAPTOP = {"width": 1366, "height": 768}


class Turn(NamedTuple):
    """What was measured while nobody, or somebody, watched."""

    steps_per_s: float
    busy_ms_per_step: float
    """Processor time of trainer and emulators for an env step."""
    server_busy: float
    """Part of a processor that the page's server took, at low priority."""

    def __str__(self) -> str:
        return f"{self.steps_per_s:.0f} steps/s, {self.busy_ms_per_step:.3f} ms a step, server {self.server_busy:.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description="What somebody who watches costs a training.")
    parser.add_argument("--rounds", type=int, default=5)
    rounds = parser.parse_args().rounds
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        with training(Path(folder)) as (run, link, trainer):
            live = LiveFile(run / LIVE_FILE)
            turns: dict[str, list[Turn]] = {"nobody": [], "elsewhere": [], "here": []}
            for _ in range(rounds):
                turns["nobody"].append(measured(live, trainer))
                with stream(link):
                    turns["elsewhere"].append(measured(live, trainer))
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                first_picture = seconds_until(browser, link, "#screen img")
                browser.close()
                browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
                open_page(browser, link)
                turns["here"].append(measured(live, trainer))
                browser.close()
                say(", ".join(f"{who}: {turn[-1]}" for who, turn in turns.items()))
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        charts = charts_of_a_long_run(browser, Path(folder))
        browser.close()
    result: dict[str, Any] = {
        "speed_over_alone": {who: ratios(turns, who, "steps_per_s") for who in ("elsewhere", "here")},
        "busy_per_step_over_alone": {who: ratios(turns, who, "busy_ms_per_step") for who in ("elsewhere", "here")},
        "server_busy": {who: spread([turn.server_busy for turn in those]) for who, those in turns.items()},
        "steps_per_s_alone": spread([turn.steps_per_s for turn in turns["nobody"]]),
        "first_picture_s": round(first_picture, 2),
        **charts,
        "processors": os.cpu_count(),
        "load_1min": os.getloadavg()[0],
    }
    print(json.dumps(result, indent=1))


@contextlib.contextmanager
def training(folder: Path) -> Iterator[tuple[Path, str, psutil.Process]]:
    """One that learns: its folder, its link, and its process."""
    command = [sys.executable, "-m", "quarterup.cli.main", "train", "space_invaders", "--steps", "1000000000"]
    command += ["--port", "0", "--run", str(folder / "run")]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    assert process.stdout is not None
    link = next(found[1] for line in process.stdout if (found := re.search(r"Dashboard: (http://\S+)", line)))
    threading.Thread(target=process.stdout.read, daemon=True).start()
    try:
        while not (folder / "run" / LIVE_FILE).exists():
            time.sleep(0.1)
        live = LiveFile(folder / "run" / LIVE_FILE)
        while progress(live).get("updates", 0) < 500:
            time.sleep(0.5)
        yield folder / "run", link, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait()


def progress(live: LiveFile) -> dict[str, Any]:
    """The newest there is."""
    while (content := live.progress()) is None:
        time.sleep(0.01)
    values: dict[str, Any] = json.loads(content)
    return values


def measured(live: LiveFile, trainer: psutil.Process) -> Turn:
    time.sleep(SETTLING_S)
    before, busy_before = progress(live), busy_s(trainer)
    time.sleep(MEASURED_S)
    after, busy_after = progress(live), busy_s(trainer)
    steps = after["env_steps"] - before["env_steps"]
    return Turn(
        steps / (after["wall_s"] - before["wall_s"]),
        (busy_after["training"] - busy_before["training"]) / steps * 1000,
        (busy_after["server"] - busy_before["server"]) / MEASURED_S,
    )


def busy_s(trainer: psutil.Process) -> dict[str, float]:
    """Processor time so far: of the trainer and its emulators, and of the page's server. The learner is neither."""
    busy = {"training": 0.0, "server": 0.0}
    for process in (trainer, *trainer.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            words, times = " ".join(process.cmdline()), process.cpu_times()
            what = "server" if "dashboard" in words.split(" --")[0] else "training"
            if "learner_worker" not in words:
                busy[what] += times.user + times.system
    return busy


@contextlib.contextmanager
def stream(link: str) -> Iterator[None]:
    """What a page on another machine costs this one."""
    address = urlsplit(link)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("GET", "/api/live?rate=15", headers={"Host": address.netloc})
    answer = connection.getresponse()
    over = threading.Event()

    def read() -> None:
        while not over.is_set() and answer.readline():
            pass

    reader = threading.Thread(target=read)
    reader.start()
    yield
    over.set()
    reader.join()
    connection.close()


def open_page(browser: Browser, link: str) -> None:
    page = browser.new_page(viewport=LAPTOP)  # type: ignore[arg-type]
    page.goto(link)
    page.locator("#rate").fill("15")
    page.wait_for_selector("#screen img")


def seconds_until(browser: Browser, link: str, selector: str) -> float:
    """From asking for the page until something is on it."""
    page = browser.new_page(viewport=LAPTOP)  # type: ignore[arg-type]
    began = time.perf_counter()
    page.goto(link)
    page.wait_for_selector(selector)
    return time.perf_counter() - began


def charts_of_a_long_run(browser: Browser, folder: Path) -> dict[str, float]:
    """How long the charts of ten million steps take: on a page opened first, and on the next one."""
    run = RunFolder.create(folder / "long", describe(to_json(TrainSettings("space_invaders")), None))
    metrics = MetricsWriter(run.metrics)
    for env_step in range(0, LONG_RUN_STEPS, STEPS_BETWEEN_ROWS):
        now = Moment(env_step, env_step * 4, env_step / 1000)
        metrics.scalars(now, dict.fromkeys(SCALARS, env_step * 7919 % 1000 / 1000))
        metrics.episode(now, Episode(0, float(env_step % 3000), 400, 1600, 0, "terminated", 0.0))
    metrics.close()
    server = DashboardProcess([run.path], "127.0.0.1", 0)
    try:
        address = urlsplit(server.links.control)
        connection = http.client.HTTPConnection(address.hostname or "", address.port)
        connection.request("GET", "/icon.svg", headers={"Host": address.netloc})  # Answered once it has started.
        connection.getresponse().read()
        connection.close()
        first = seconds_until(browser, server.links.control, "body[data-charts=ready]")
        second = seconds_until(browser, server.links.control, "body[data-charts=ready]")
    finally:
        server.close()
    return {"charts_of_10m_steps_first_s": round(first, 2), "charts_of_10m_steps_again_s": round(second, 2)}


def ratios(turns: dict[str, list[Turn]], who: str, what: str) -> dict[str, float]:
    pairs = zip(turns[who], turns["nobody"], strict=True)
    return spread([getattr(one, what) / getattr(alone, what) for one, alone in pairs])


def spread(values: list[float]) -> dict[str, float]:
    return {name: round(of(values), 3) for name, of in (("median", statistics.median), ("least", min), ("most", max))}


if __name__ == "__main__":
    main()
