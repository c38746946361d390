"""Every control of the page, pressed in a real browser, and what it does to a real training."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from watched import PATIENCE_MS, Training, ask, training_in, wait_until

from quarterup.dashboard.process import DashboardProcess
from quarterup.training.controls import CONTROLS
from quarterup.training.metrics import MetricsReader

SAID = {
    "speed": ("the machine's own speed", "full speed"),
    "slower": ("32 times the machine's own speed",),
    "faster": ("full speed",),
    "pause": ("paused", "goes on"),
    "save": ("saved at step ",),
    "learning": ("plays without learning", "learns again"),
    "explore": ("plays only by what is learned", "explores"),
    "learning-rate-down": ("learning rate 0.00015",),
    "learning-rate-up": ("learning rate 0.0003",),
    "learning-rate-auto": ("learning rate 0.0003",),
    "flush": ("the replay is empty",),
    "epsilon-up": ("epsilon 0.01",),
    "epsilon-down": ("epsilon 0",),
    "epsilon-auto": ("epsilon 0",),
    "pulse": ("epsilon 0.25 for 25,000 steps",),
    "expert-up": ("expert ratio 0.01",),
    "expert-down": ("expert ratio 0",),
    "expert-only": ("expert ratio 1",),
    "expert-off": ("expert ratio 0",),
    "expert-auto": ("expert ratio 0",),
    "record": ("records the game that ends next",),
    "look": ("what the agent sees is in ",),
    "replay": ("the replay is ",),
    "verbose": ("says each game",),
    "quiet": ("says what matters",),
    "stop": (),
}
"""What a press has as its event, and another one where it switches something. `stop` comes last: it ends everything."""


@pytest.fixture(scope="module")
def steered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Training]:
    with training_in(tmp_path_factory.mktemp("steered")) as running:
        yield running


@pytest.fixture(scope="module")
def page(browser: Browser, steered: Training) -> Iterator[Page]:
    opened = browser.new_page(viewport={"width": 1366, "height": 768})
    opened.set_default_timeout(PATIENCE_MS)
    opened.goto(steered.link)
    opened.wait_for_selector("#screen canvas")
    yield opened
    opened.close()


def told(training: Training) -> list[str]:
    with MetricsReader(training.run / "metrics.db") as reader:
        return [event.text for event in reader.events() if event.kind == "control"]


def test_all_are_tried() -> None:
    assert set(SAID) == {control.name for control in CONTROLS}


@pytest.mark.parametrize(("name", "said"), SAID.items())
def test_a_control_does_what_it_says(page: Page, steered: Training, name: str, said: tuple[str, ...]) -> None:
    """The first press by its button, the second by its key."""
    control = next(control for control in CONTROLS if control.name == name)
    before = len(told(steered))
    page.locator(f"#controls button:has(kbd:text-is('{control.key}'))").click()
    if name == "stop":
        assert steered.process.wait(timeout=60) == 0
        expect(page.locator("#connection")).not_to_have_attribute("data-state", "live", timeout=15_000)
        return
    for count, text in enumerate(said):
        if count:
            page.keyboard.press("Space" if control.key == "space" else control.key)
        wait_until(lambda wanted=before + count + 1: len(told(steered)) == wanted)  # type: ignore[misc]
        assert told(steered)[-1].startswith(text)
    expect(page.locator("#log-rows")).to_contain_text(said[-1].strip(), timeout=15_000)


def test_after_its_end_nothing_can_be_done_to_it(steered: Training) -> None:
    assert steered.process.poll() == 0
    server = DashboardProcess([steered.run], "127.0.0.1", 0)
    assert ask(server.links.control, "/api/control", "POST", {"name": "pause"}) == (
        400,
        {"error": "Nobody trains this run now."},
    )
    server.close()
