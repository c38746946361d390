"""The page in a real browser, on a real training."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psutil
import pytest
from playwright.sync_api import Browser, Page, expect
from watched import PATIENCE_MS, Training, wait_until

from quarterup.dashboard.feed import PATIENCE_S
from quarterup.dashboard.process import DashboardProcess
from quarterup.training.live_file import LIVE_FILE, MAX_RATE, WISH_LASTS_S, LiveFile
from quarterup.training.metrics import MetricsReader

LAPTOP, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


@pytest.fixture
def page(browser: Browser, training: Training) -> Iterator[Page]:
    opened = browser.new_page(viewport=LAPTOP)  # type: ignore[arg-type]
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.set_default_timeout(PATIENCE_MS)
    opened.goto(training.link)
    yield opened
    opened.close()
    assert not problems


def becomes_true(page: Page, holds: str) -> None:
    """Wait for an expression. The page's policy forbids what Playwright's own waiting does: to evaluate texts in it."""
    wait_until(lambda: page.evaluate(holds))


def changes(page: Page, what: str) -> None:
    """Wait until an expression has another value than now."""
    before = page.evaluate(what)
    wait_until(lambda: page.evaluate(what) != before)


SCREEN = "document.querySelector('#screen canvas')"
PICTURE = f"{SCREEN}.toDataURL()"
TICKER_HAS_THE_NEWEST = """
    (() => {
      const rows = [...document.querySelectorAll("#log-rows li")];
      const newest = rows.find((row) => row.children[1].textContent !== "saved");
      return document.querySelector("#ticker").textContent.endsWith(newest.lastElementChild.textContent);
    })()
"""


def test_the_game_moves_and_so_do_the_numbers_and_all_fits_on_a_laptop(page: Page) -> None:
    page.wait_for_selector("#screen canvas")
    for _ in range(3):
        changes(page, PICTURE)
    changes(page, "document.querySelector('#journey-steps').textContent")
    changes(page, "document.querySelector('[data-gauge=frames] b').textContent")
    becomes_true(page, "Number(document.querySelector('#game-score').textContent.replace(',', '')) > 0")
    assert page.locator("#game-lives").inner_text() in "123"
    changes(page, "document.querySelector('#sees canvas').toDataURL()")
    page.locator("#sees canvas").hover(position={"x": 20, "y": 5})
    assert page.locator("#sees canvas").get_attribute("title").startswith("gun_x: ")
    expect(page.locator("#connection")).to_have_attribute("data-state", "live")
    page.wait_for_selector("#chart-score canvas")
    changes(page, "document.querySelector('#expects').toDataURL()")
    scrolls = page.evaluate("[document.documentElement.scrollHeight, document.documentElement.scrollWidth]")
    assert scrolls == [LAPTOP["height"], LAPTOP["width"]]
    assert page.evaluate(f"[{SCREEN}.width, {SCREEN}.height]") == [224, 260]
    assert page.evaluate(f"{SCREEN}.clientHeight / {SCREEN}.clientWidth") == pytest.approx(4 / 3, abs=0.02)


def test_the_page_is_put_together_no_more_often_than_something_changes(page: Page) -> None:
    """Nothing moves by itself, and what comes at about the same time is drawn together."""
    page.wait_for_selector("#screen canvas")
    assert page.evaluate("document.getAnimations().length") == 0
    page.evaluate(
        "() => { const ask = window.requestAnimationFrame.bind(window); window.asked = 0;"
        " window.requestAnimationFrame = (draw) => { window.asked++; return ask(draw); }; }"
    )
    pictures = page.evaluate(f"{SCREEN}.dataset.frame")
    time.sleep(3)
    assert page.evaluate(f"{SCREEN}.dataset.frame") != pictures
    assert page.evaluate("window.asked") <= 3 * (MAX_RATE + 1)


def test_another_emulator_and_all_of_them_can_be_watched(page: Page) -> None:
    page.get_by_role("button", name="2", exact=True).click()
    page.wait_for_selector("#screen canvas[aria-label='the game in emulator 2']")
    page.get_by_role("button", name="all").click()
    becomes_true(page, "document.querySelectorAll('#screen figure canvas').length === 2")
    shapes = page.evaluate("[...document.querySelectorAll('figure canvas')].map((c) => c.clientHeight / c.clientWidth)")
    assert shapes == pytest.approx([4 / 3, 4 / 3], abs=0.02)
    changes(page, PICTURE)


def test_a_schedule_that_is_changed_on_the_page_becomes_an_event_of_the_run(page: Page, training: Training) -> None:
    page.get_by_role("button", name="schedules").click()
    field = page.get_by_label("epsilon", exact=True)
    expect(field).to_have_value("0")
    field.fill("nonsense")
    field.press("Enter")
    expect(page.locator("#schedule-answer")).to_contain_text("is no schedule")
    field.fill("linear(0.5, 0.1, 90_000)")
    field.press("Enter")
    expect(page.locator("#schedule-answer")).to_contain_text("asked for")
    expect(page.locator("#log-rows")).to_contain_text("epsilon: 0 → linear(0.5, 0.1, 90_000)", timeout=15_000)
    becomes_true(page, TICKER_HAS_THE_NEWEST)
    with MetricsReader(training.run / "metrics.db") as reader:
        assert [event.text for event in reader.events() if event.kind == "adjusted"] == [
            "epsilon: 0 → linear(0.5, 0.1, 90_000)"
        ]
    page.keyboard.press("Escape")
    expect(page.locator("[data-gauge=epsilon] b")).to_contain_text("%")


def test_the_charts_zoom_together_and_out_again(page: Page) -> None:
    page.wait_for_selector("body[data-charts=ready]")
    box = page.locator("#chart-score .u-over").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=4)
    page.mouse.up()
    expect(page.locator("#zoom-out")).to_be_visible()
    page.locator("#zoom-out").click()
    expect(page.locator("#zoom-out")).to_be_hidden()
    page.get_by_role("button", name="time", exact=True).click()
    page.get_by_role("button", name="now in detail").click()
    expect(page.get_by_role("button", name="now in detail")).to_have_attribute("aria-pressed", "true")


def test_help_opens_and_closes_with_its_key(page: Page) -> None:
    page.wait_for_selector("#keys kbd", state="attached")
    page.keyboard.press("h")
    expect(page.locator("#help")).to_be_visible()
    page.keyboard.press("h")
    expect(page.locator("#help")).to_be_hidden()


def test_a_phone_shows_all_in_one_column(browser: Browser, training: Training) -> None:
    page = browser.new_page(viewport=PHONE, has_touch=True, is_mobile=True)  # type: ignore[arg-type]
    page.goto(training.link)
    page.wait_for_selector("#screen canvas")
    changes(page, PICTURE)
    page.wait_for_selector("#small-charts canvas")
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    page.close()


def test_a_page_whose_server_is_gone_says_so_and_finds_the_next(browser: Browser, training: Training) -> None:
    server = DashboardProcess([training.run], "127.0.0.1", 0)
    page = browser.new_page(viewport=LAPTOP)  # type: ignore[arg-type]
    page.goto(server.links.control)
    expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=15_000)
    psutil.Process(server.pid).kill()
    expect(page.locator("#connection")).to_have_attribute("data-state", "lost")
    expect(page.locator("#connection")).to_contain_text("connection lost")
    server.close()
    port = urlsplit(server.links.control).port
    assert port is not None
    again = DashboardProcess([training.run], "127.0.0.1", port)
    assert again.links == server.links
    expect(page.locator("#connection")).to_have_attribute("data-state", "live", timeout=15_000)
    changes(page, PICTURE)
    page.close()
    again.close()


def test_nobody_watching_nothing_is_drawn(training: Training) -> None:
    live = LiveFile(training.run / LIVE_FILE)
    time.sleep(PATIENCE_S + WISH_LASTS_S + 1)
    before = [live.generation(env) for env in range(live.num_envs)]
    progress = live.progress()
    wait_until(lambda: live.progress() not in (progress, None))
    assert [live.generation(env) for env in range(live.num_envs)] == before
    live.close()
