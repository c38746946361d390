"""What somebody who watches costs a training, what a crowd does, and how long the page takes.

    .venv/bin/python benchmarks/dashboard.py [--rounds 5] [--seconds 10]

One training of Space Invaders by its own settings. In turns

- nobody watches,
- somebody does from another machine: the page's stream at 10 pictures a second, read and thrown away,
- somebody does in a Chromium on this very machine, which draws the page on the processors that the training uses, too,
- a crowd has come: a thousand connections are opened to the page's server, some of which ask for the stream and read
  nothing of it; those that the server closes are opened again, 50 a second.

A figure is the median over the rounds, each over nobody's turn in the same round, with a bootstrap interval: of the env
steps a second, and of the processor time that trainer and emulators took for a step, which says what the watching
itself costs also where others use the machine. `server` and `browser` are the processors that those took. Then how
long the page takes to show its first picture while the training goes on, in a browser just started and in one that has
shown the page before; its charts for a run of ten million steps; and how much memory the browser needs for those.
Prints one JSON object.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import os
import re
import select
import shutil
import socket
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

import numpy as np
import psutil
from playwright.sync_api import Browser, sync_playwright

from quarterup.dashboard.process import DashboardProcess
from quarterup.training.live_file import LIVE_FILE, LiveFile
from quarterup.training.metrics import Episode, MetricsWriter, Moment
from quarterup.training.run_folder import RunFolder, describe
from quarterup.training.settings import TrainSettings, to_json
from report import say

SETTLING_S = 3.0
RATE = 10
"""Pictures a second: what the page asks for by itself."""
CROWD = 1000
STARERS = 32
"""Of the crowd, those that ask for the stream. The server takes so many."""
REOPENED_EVERY_S = 0.02
TURNS = ("elsewhere", "here", "crowd")
LONG_RUN_STEPS = 10_000_000
STEPS_BETWEEN_ROWS = 400
SCALARS = ("loss", "q", "gradient_norm", "learning_rate", "epsilon", "error", "beta", "expert_ratio")
LAPTOP = {"width": 1366, "height": 768}
SEEN_AT = """
    new MutationObserver((_, observer) => {
      if (!document.querySelector(%s)) return;
      window.seenAt = performance.now();
      observer.disconnect();
    }).observe(document, { attributes: true, childList: true, subtree: true });
"""
"""Milliseconds from the page's being asked for until something that a selector names is there."""


class Turn(NamedTuple):
    """What was measured while nobody, or somebody, watched."""

    steps_per_s: float
    busy_ms_per_step: float
    """Processor time of trainer and emulators for an env step."""
    server: float
    """Part of a processor that the page's server took, at low priority."""
    browser: float
    """Processors that the browser on this machine took."""

    def __str__(self) -> str:
        taken = f"server {self.server:.3f}, browser {self.browser:.3f}"
        return f"{self.steps_per_s:.0f} steps/s, {self.busy_ms_per_step:.3f} ms a step, {taken}"


def main() -> None:
    parser = argparse.ArgumentParser(description="What somebody who watches costs a training.")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=10.0, help="of a turn")
    options = parser.parse_args()
    program = shutil.which("chromium") or shutil.which("google-chrome")
    first_pictures, next_pictures = [], []
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:

        def start_browser() -> Browser:
            return playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])

        with training(Path(folder), "--videos", "0") as (run, link, trainer):
            live = LiveFile(run / LIVE_FILE)
            turns: dict[str, list[Turn]] = {"nobody": [], **{who: [] for who in TURNS}}
            for _ in range(options.rounds):
                turns["nobody"].append(measured(live, trainer, options.seconds))
                with stream(link):
                    turns["elsewhere"].append(measured(live, trainer, options.seconds))
                browser = start_browser()
                first_pictures.append(seconds_until(browser, link, "#screen canvas"))
                browser.contexts[0].close()
                next_pictures.append(seconds_until(browser, link, "#screen canvas"))
                turns["here"].append(measured(live, trainer, options.seconds))
                browser.close()
                with crowd(link):
                    turns["crowd"].append(measured(live, trainer, options.seconds))
                say(", ".join(f"{who}: {turn[-1]}" for who, turn in turns.items()))
        browser = start_browser()
        charts = charts_of_a_long_run(browser, Path(folder))
        browser.close()
    result: dict[str, Any] = {
        "speed_over_alone": {who: ratios(turns, who, "steps_per_s") for who in TURNS},
        "busy_per_step_over_alone": {who: ratios(turns, who, "busy_ms_per_step") for who in TURNS},
        "server": {who: spread([turn.server for turn in those]) for who, those in turns.items()},
        "browser": spread([turn.browser for turn in turns["here"]]),
        "steps_per_s_alone": spread([turn.steps_per_s for turn in turns["nobody"]]),
        "first_picture_of_a_browser_just_started_s": spread(first_pictures),
        "first_picture_s": spread(next_pictures),
        **charts,
        "processors": os.cpu_count(),
        "load_1min": os.getloadavg()[0],
    }
    print(json.dumps(result, indent=1))


@contextlib.contextmanager
def training(folder: Path, *flags: str) -> Iterator[tuple[Path, str, psutil.Process]]:
    """One that learns: its folder, its link, and its process."""
    command = [sys.executable, "-m", "quarterup.cli.main", "train", "space_invaders", "--steps", "1000000000"]
    command += ["--port", "0", "--run", str(folder / "run"), *flags]
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


def measured(live: LiveFile, trainer: psutil.Process, seconds: float) -> Turn:
    time.sleep(SETTLING_S)
    before, busy_before, began = progress(live), busy_s(trainer), time.perf_counter()
    time.sleep(seconds)
    after, busy_after, took = progress(live), busy_s(trainer), time.perf_counter() - began
    steps = after["env_steps"] - before["env_steps"]
    busy = {what: busy_after[what] - busy_before[what] for what in busy_after}
    return Turn(
        steps / (after["wall_s"] - before["wall_s"]),
        busy["training"] / steps * 1000,
        busy["server"] / took,
        busy["browser"] / took,
    )


def busy_s(trainer: psutil.Process) -> dict[str, float]:
    """Processor time so far: of the trainer and its emulators, of the page's server, and of a browser.

    The learner is none of these: it works all the time.
    """
    busy = {"training": 0.0, "server": 0.0, "browser": 0.0}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            words, times = " ".join(process.cmdline()), process.cpu_times()
            if "chrom" in process.name():
                busy["browser"] += times.user + times.system
            elif "learner_worker" not in words and trainer in (process, *process.parents()):
                what = "server" if "dashboard.process" in words else "training"
                busy[what] += times.user + times.system
    return busy


@contextlib.contextmanager
def stream(link: str) -> Iterator[None]:
    """What a page on another machine costs this one."""
    address = urlsplit(link)
    assert address.hostname is not None
    connection = http.client.HTTPConnection(address.hostname, address.port)
    connection.request("GET", f"/api/live?rate={RATE}", headers={"Host": address.netloc})
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


@contextlib.contextmanager
def crowd(link: str) -> Iterator[None]:
    """A thousand connections, for as long as this lasts, and nobody reads."""
    address = urlsplit(link)
    assert address.hostname is not None
    asked = f"GET /api/live?rate={RATE} HTTP/1.1\r\nHost: {address.netloc}\r\n\r\n".encode()
    over = threading.Event()

    def connect() -> socket.socket:
        return socket.create_connection((address.hostname or "", address.port or 0), timeout=5)

    def stay() -> None:
        ends = select.poll()
        idle: dict[int, socket.socket] = {}
        with contextlib.ExitStack() as closing:
            for _ in range(STARERS):
                closing.enter_context(connect()).sendall(asked)
            while not over.is_set():
                while len(idle) < CROWD - STARERS:
                    new = closing.enter_context(connect())
                    idle[new.fileno()] = new
                    ends.register(new, select.POLLIN)
                for number, _ in ends.poll(0)[:1]:
                    ends.unregister(number)
                    idle.pop(number).close()
                over.wait(REOPENED_EVERY_S)

    thread = threading.Thread(target=stay, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join()


def seconds_until(browser: Browser, link: str, selector: str) -> float:
    """From asking for the page until something is on it, by the page's clock: what drives the browser waits, too."""
    page = browser.new_page(viewport=LAPTOP)  # type: ignore[arg-type]
    page.add_init_script(SEEN_AT % json.dumps(selector))
    page.goto(link)
    page.wait_for_selector(selector)
    seen_at: float = page.evaluate("window.seenAt")
    return seen_at / 1000


def charts_of_a_long_run(browser: Browser, folder: Path) -> dict[str, float]:
    """How long the charts of ten million steps take: on a page opened first, and on the next one; and their memory."""
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
        megabytes = max(process.memory_full_info().uss for process in renderers()) / 1e6
    finally:
        server.close()
    return {
        "charts_of_10m_steps_first_s": round(first, 2),
        "charts_of_10m_steps_again_s": round(second, 2),
        "browser_megabytes": round(megabytes),
    }


def renderers() -> list[psutil.Process]:
    """The processes that hold pages."""
    return [child for child in psutil.Process().children(recursive=True) if "--type=renderer" in child.cmdline()]


def ratios(turns: dict[str, list[Turn]], who: str, what: str) -> dict[str, float]:
    pairs = zip(turns[who], turns["nobody"], strict=True)
    return spread([getattr(one, what) / getattr(alone, what) for one, alone in pairs])


def spread(values: list[float]) -> dict[str, float]:
    """The median, and the 95 % bootstrap interval of it."""
    drawn = np.random.default_rng(0).choice(values, (2000, len(values)))
    low, high = np.percentile(np.median(drawn, axis=1), (2.5, 97.5))
    return {"median": round(statistics.median(values), 3), "low": round(float(low), 3), "high": round(float(high), 3)}


if __name__ == "__main__":
    main()
