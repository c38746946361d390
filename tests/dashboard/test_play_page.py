"""A person plays in the page: a real browser, a real machine, and what is kept of it."""

from __future__ import annotations

import contextlib
import http.client
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect
from watched import PATIENCE_MS, ask, wait_until

from quarterup.dashboard.connections import MAX_CONNECTIONS
from quarterup.dashboard.hand import PATIENCE_S
from quarterup.dashboard.play_app import MAX_VIEWERS
from quarterup.dashboard.played_game import PlayedGame, Wish, rules_of_people
from quarterup.envs.cabinet import Cabinet
from quarterup.envs.rerun import rerun
from quarterup.envs.settings import EnvSettings
from quarterup.envs.trace import read_trace
from quarterup.games.space_invaders import SpaceInvaders
from quarterup.training.playback import Playback

LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}
A_GAME_MS = 150_000
REFRESH_HZ = 59.54


@dataclass
class Playing:
    link: str
    demos: Path
    process: subprocess.Popen[str]


@contextlib.contextmanager
def playing_in(demos: Path, *arguments: str) -> Iterator[Playing]:
    command = [sys.executable, "-m", "quarterup.cli.main", "play", "space_invaders", "--page", "--port", "0"]
    process = subprocess.Popen(
        [*command, "--demos", str(demos), *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    found = re.search(r"Play: (http://\S+)", process.stdout.readline())
    assert found
    yield Playing(found[1], demos, process)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "Traceback" not in output


@pytest.fixture(scope="module")
def playing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Playing]:
    with playing_in(tmp_path_factory.mktemp("demos")) as running:
        yield running


@contextlib.contextmanager
def opened(browser: Browser, playing: Playing, **options: object) -> Iterator[Page]:
    page = browser.new_page(**{"viewport": LAPTOP, **options})  # type: ignore[arg-type]
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.set_default_timeout(PATIENCE_MS)
    page.goto(playing.link)
    page.wait_for_selector("body[data-state]")
    yield page
    page.close()
    assert not problems


@pytest.fixture
def page(browser: Browser, playing: Playing) -> Iterator[Page]:
    with opened(browser, playing) as page:
        yield page
    time.sleep(PATIENCE_S)  # until nobody is there


def state(page: Page, wanted: str, timeout_ms: float = PATIENCE_MS) -> None:
    page.wait_for_selector(f"body[data-state={wanted}]", timeout=timeout_ms)


def frame(page: Page) -> int:
    return int(page.evaluate("document.querySelector('#picture').dataset.frame"))


def held(page: Page) -> str:
    return str(page.evaluate("document.querySelector('#picture').dataset.held"))


def kept(playing: Playing) -> set[Path]:
    return set(playing.demos.glob("*/*.trace"))


def test_the_whole_picture_is_shown_and_fills_its_place(page: Page, playing: Playing) -> None:
    assert page.locator("#picture").bounding_box() == page.locator("#screen").bounding_box()


def test_a_game_that_is_played_by_keys_is_kept_and_comes_out_the_same_again(page: Page, playing: Playing) -> None:
    page.keyboard.press("Enter")
    state(page, "playing")
    first, began = frame(page), time.monotonic()
    for key, input_name in (("ArrowLeft", "P1 Left"), ("d", "P1 Right")):
        page.keyboard.down(key)
        wait_until(lambda name=input_name: held(page) == name)  # type: ignore[misc]
        page.keyboard.down("Space")
        wait_until(lambda name=input_name: held(page) == f"{name},P1 Button 1")  # type: ignore[misc]
        page.keyboard.up("Space")
        page.keyboard.up(key)
    expect(page.locator("#latency")).to_contain_text("ms")
    state(page, "over", A_GAME_MS)
    at_full_speed = (time.monotonic() - began) * REFRESH_HZ
    assert 0.4 * at_full_speed < frame(page) - first < 1.02 * at_full_speed + 10
    expect(page.locator("#note")).to_contain_text("points, kept as ")
    expect(page.locator("#kept")).to_contain_text(f"1 game, in {playing.demos}")
    (path,) = kept(playing)
    trace = read_trace(path)
    assert page.locator("#score").inner_text() == f"{trace.score:,.0f}"
    assert path.name.startswith(f"{trace.score:.0f}-")
    assert trace.frame_skip == 1
    names = {SpaceInvaders.actions[action].name for action in np.unique(trace.holds[1:] & 0xFFFF)}
    assert {"stay", "left", "left and fire", "right", "right and fire"} <= names
    with Playback(trace, pictures=False) as playback:
        frames = list(playback.play())  # Compares score and memory with what they were, or raises.
    assert frames[-1].score == trace.score
    cabinet = Cabinet("space_invaders", EnvSettings(life_loss_ends_episode=True), None)
    cabinet.power_on()
    rows = list(rerun(cabinet, trace))
    cabinet.close()
    assert sum(row.terminated for row in rows) == 3
    assert len(rows) == pytest.approx(trace.frames / 4, rel=0.1)
    page.keyboard.press("Enter")
    state(page, "playing")
    assert page.locator("#score").inner_text() == "0"


def test_a_pause_stands_still_and_a_restart_begins_anew_and_keeps_nothing(page: Page, playing: Playing) -> None:
    before = kept(playing)
    page.keyboard.press("r")
    state(page, "playing")
    wait_until(lambda: frame(page) > 30)
    page.keyboard.press("p")
    state(page, "paused")
    still = frame(page)
    time.sleep(0.5)
    assert frame(page) == still
    page.keyboard.press("Enter")
    state(page, "playing")
    wait_until(lambda: frame(page) > still + 10)
    page.get_by_role("button", name="restart").click()
    wait_until(lambda: frame(page) < still)
    page.evaluate("dispatchEvent(new Event('blur'))")
    state(page, "paused")
    assert kept(playing) == before


def test_two_do_not_play_at_once_and_who_stays_may_go_on(browser: Browser, playing: Playing) -> None:
    with opened(browser, playing) as second:
        with opened(browser, playing) as first:
            first.keyboard.press("r")
            state(first, "playing")
            second.keyboard.down("ArrowLeft")
            expect(second.locator("#toast")).to_contain_text("Somebody else is playing here")
            assert held(first) == ""
            assert held(second) == ""
            second.keyboard.press("p")
            second.keyboard.up("ArrowLeft")
            state(second, "playing")
        state(second, "paused")
        time.sleep(PATIENCE_S)
        second.keyboard.press("Enter")
        state(second, "playing")
        second.keyboard.down("ArrowLeft")
        wait_until(lambda: held(second) == "P1 Left")
        second.keyboard.up("ArrowLeft")
    time.sleep(PATIENCE_S)


PAD = """
window.pad = { axes: [0, 0, 0, 0], buttons: [...Array(16)].map(() => ({ pressed: false })) };
navigator.getGamepads = () => [window.pad];
"""


def test_a_gamepad_begins_moves_and_fires(page: Page) -> None:
    page.evaluate(PAD)
    page.evaluate("dispatchEvent(new Event('gamepadconnected'))")
    page.evaluate("pad.buttons[9].pressed = true")
    state(page, "playing")
    page.evaluate("pad.buttons[9].pressed = false; pad.axes[0] = -0.9")
    wait_until(lambda: held(page) == "P1 Left")
    page.evaluate("pad.axes[0] = 0; pad.buttons[15].pressed = true; pad.buttons[0].pressed = true")
    wait_until(lambda: held(page) == "P1 Right,P1 Button 1")
    page.evaluate("pad.buttons[15].pressed = false; pad.buttons[0].pressed = false")
    wait_until(lambda: held(page) == "")


def test_fingers_play_on_a_phone(browser: Browser, playing: Playing) -> None:
    with opened(browser, playing, viewport=PHONE, has_touch=True, is_mobile=True) as page:
        page.evaluate("window.pad = document.querySelector('#touch'); pad.setPointerCapture = () => {}")
        page.locator("#begin").tap()
        state(page, "playing")
        left, right = (page.locator("#touch .pad i").nth(place).bounding_box() for place in (0, 1))
        assert left
        assert right
        assert left["x"] < right["x"]
        fire = page.locator("#touch .buttons i").bounding_box()
        assert fire

        def touch(kind: str, box: dict[str, float], finger: int) -> None:
            at = f"clientX: {box['x'] + box['width'] / 2}, clientY: {box['y'] + box['height'] / 2}"
            page.evaluate(f"pad.dispatchEvent(new PointerEvent('{kind}', {{ {at}, pointerId: {finger} }}))")

        touch("pointerdown", left, 1)
        wait_until(lambda: held(page) == "P1 Left")
        touch("pointerdown", fire, 2)
        wait_until(lambda: held(page) == "P1 Left,P1 Button 1")
        touch("pointermove", right, 1)
        touch("pointerup", fire, 2)
        wait_until(lambda: held(page) == "P1 Right")
        touch("pointerup", right, 1)
        wait_until(lambda: held(page) == "")
        size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
        assert size == [PHONE["width"], PHONE["height"]]
    time.sleep(PATIENCE_S)


def test_the_picture_has_the_shape_of_the_screen_and_all_fits_on_a_laptop(page: Page) -> None:
    picture = page.locator("#picture").bounding_box()
    assert picture
    assert picture["height"] / picture["width"] == pytest.approx(4 / 3, abs=0.02)
    assert picture["height"] > 600
    size = page.evaluate("[document.documentElement.scrollWidth, document.documentElement.scrollHeight]")
    assert size == [LAPTOP["width"], LAPTOP["height"]]


@pytest.mark.parametrize(
    ("path", "body", "headers", "status"),
    [
        ("/api/hold", {"player": "x", "number": 1, "held": ["P1 Left"]}, {"Origin": "http://evil.example"}, 403),
        ("/api/hold", {"player": "x", "number": 1, "held": []}, {"Content-Type": "text/plain"}, 415),
        ("/api/hold", {"player": "x", "number": 1, "held": []}, {"Host": "evil.example"}, 421),
        ("/api/hold", b"x" * 20_000, {}, 413),
        ("/api/hold", b"no json", {}, 400),
        ("/api/hold", {"player": "x", "number": 1, "held": ["Coin 1"]}, {}, 400),
        ("/api/hold", {"player": "x", "number": 1, "held": [["P1 Left"]]}, {}, 400),
        ("/api/hold", {"player": "x", "number": 1, "held": ["P1 Left"] * 100}, {}, 400),
        ("/api/hold", {"player": "x", "number": "1", "held": []}, {}, 400),
        ("/api/hold", {"player": "x", "number": -1, "held": []}, {}, 400),
        ("/api/hold", {"player": "x" * 100, "number": 1, "held": []}, {}, 400),
        ("/api/hold", {"number": 1, "held": []}, {}, 400),
        ("/api/ask", {"player": "x", "wish": "everything"}, {}, 400),
        ("/api/ask", {"player": "x", "wish": ["begin"]}, {}, 400),
    ],
)
def test_what_is_not_the_pages_or_nonsense_is_refused(
    playing: Playing, path: str, body: object, headers: dict[str, str], status: int
) -> None:
    found, answer = ask(playing.link, path, "POST", body, headers)
    assert found == status
    assert answer["error"]


def test_more_who_look_than_it_takes_are_refused_and_the_others_go_on(playing: Playing) -> None:
    address = urlsplit(playing.link)
    assert address.hostname is not None
    looking = [http.client.HTTPConnection(address.hostname, address.port, timeout=10) for _ in range(MAX_VIEWERS + 1)]
    statuses = []
    for connection in looking:
        connection.request("GET", "/api/pictures", headers={"Host": address.netloc})
        answer = connection.getresponse()
        statuses.append(answer.status)
        assert answer.read(8)
    assert statuses == [200] * MAX_VIEWERS + [503]
    for connection in looking:
        connection.close()
    wait_until(lambda: ask(playing.link, "/api/describe")[0] == 200)


def test_a_crowd_leaves_room_for_the_next_page(playing: Playing) -> None:
    address = urlsplit(playing.link)
    with contextlib.ExitStack() as crowd:
        for _ in range(2 * MAX_CONNECTIONS):
            crowd.enter_context(socket.create_connection((address.hostname, address.port), timeout=5))
        assert ask(playing.link, "/api/describe")[0] == 200


def test_elsewhere_a_token_is_needed_and_one_is_for_watching_only(tmp_path: Path) -> None:
    with playing_in(tmp_path, "--host", "0.0.0.0") as running:
        assert running.process.stdout is not None
        found = re.search(r"For watching only: http\S+#token=(\S+)", running.process.stdout.readline())
        assert found
        link = f"http://127.0.0.1:{urlsplit(running.link).port}/"
        watching = {"Authorization": f"Bearer {found[1]}"}
        playing = {"Authorization": "Bearer " + urlsplit(running.link).fragment.removeprefix("token=")}
        message = {"player": "x", "number": 1, "held": []}
        assert ask(link, "/api/describe")[0] == 401
        assert ask(link, "/api/hold", "POST", message)[0] == 401
        assert ask(link, "/api/describe", headers=watching)[1]["may_control"] is False
        assert ask(link, "/api/hold", "POST", message, watching)[0] == 403
        assert ask(link, "/api/hold", "POST", message, playing)[0] == 200


def test_a_game_that_cannot_be_kept_is_told_and_the_next_can_be_played(tmp_path: Path) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.write_text("")
    rules = rules_of_people(EnvSettings(noop_max=0))
    cabinet = Cabinet("space_invaders", EnvSettings(**{**vars(rules), "max_episode_frames": 20}), None)
    cabinet.power_on()
    game = PlayedGame(cabinet, in_the_way / "demos", lambda: None)
    game.start()
    for _ in range(2):
        game.hand.sit_down("a")
        game.ask(Wish.BEGIN)
        wait_until(lambda: b'"state":"playing"' in game.screen.newest)
        wait_until(lambda: b'"state":"over"' in game.screen.newest)
        assert b"could not be kept in" in game.screen.newest
        assert b"Not a directory" in game.screen.newest
    game.stop()
    cabinet.close()
    assert game.kept == []
    assert game.error is None
