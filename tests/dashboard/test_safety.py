"""Who is turned away, by the real server in its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
from watched import ask, wait_until

from quarterup.dashboard.process import DashboardError, DashboardProcess, listen
from quarterup.dashboard.runs import Runs
from quarterup.dashboard.safety import MAX_BODY_BYTES, Access
from quarterup.training.run_folder import RunFolder, describe
from quarterup.training.settings import TrainSettings, to_json


@pytest.fixture(scope="module")
def open_server(run: Path) -> Iterator[DashboardProcess]:
    """One that others can reach."""
    process = DashboardProcess([run], "0.0.0.0", 0)
    yield process
    process.close()


def local(link: str) -> str:
    return f"http://127.0.0.1:{urlsplit(link).port}/"


def token(link: str | None) -> dict[str, str]:
    assert link is not None
    return {"Authorization": "Bearer " + urlsplit(link).fragment.removeprefix("token=")}


def test_the_page_and_its_data_are_there(server: DashboardProcess) -> None:
    link = server.links.control
    assert server.links.view is None
    status, page = ask(link, "/")
    assert status == 200
    assert b"<title>quarterup</title>" in page
    status, described = ask(link, "/api/describe")
    assert (status, described["runs"][0]["game"], described["may_control"]) == (200, "space_invaders", True)
    assert ask(link, "/api/charts?names=loss,score,score/100")[1]["series"]["loss"]["values"] == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:8787", "", "127.0.0.1.evil.example", "192.168.1.7"])
def test_another_name_for_this_machine_is_turned_away(server: DashboardProcess, host: str) -> None:
    assert ask(server.links.control, "/api/describe", headers={"Host": host})[0] == 421
    assert ask(server.links.control, "/", headers={"Host": host})[0] == 421


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": ""}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({}, 400),  # Through to what it asks for, which there is not.
    ],
)
def test_only_the_page_itself_may_change_something(
    server: DashboardProcess, headers: dict[str, str], status: int
) -> None:
    body = {"run": 0, "changes": {"epsilon": 1}}
    assert ask(server.links.control, "/api/adjust", "POST", body, headers)[0] == status


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/adjust", b"no json"),
        ("/api/adjust", b"[" * 10_000),
        ("/api/adjust", []),
        ("/api/adjust", {"run": 7, "changes": {"epsilon": 1}}),
        ("/api/adjust", {"run": "../..", "changes": {}}),
        ("/api/control", {"name": "rm -rf", "value": None}),
        ("/api/control", {"name": {"a": 1}}),
    ],
)
def test_nonsense_is_answered_with_a_reason(server: DashboardProcess, path: str, body: object) -> None:
    status, answer = ask(server.links.control, path, "POST", body)
    assert status == 400
    assert answer["error"]


@pytest.mark.parametrize("query", ["run=99", "run=x", "run=nan", "points=inf", "from=nan", "run=-1"])
def test_numbers_that_are_none_are_refused(server: DashboardProcess, query: str) -> None:
    assert ask(server.links.control, f"/api/charts?names=loss&{query}")[0] == 400


def test_what_is_too_large_is_refused(server: DashboardProcess) -> None:
    link = server.links.control
    assert ask(link, "/api/adjust", "POST", b"x" * (MAX_BODY_BYTES + 1))[0] == 413
    assert ask(link, "/api/charts?names=" + "x" * 3000)[0] == 414
    assert ask(link, "/api/describe", "DELETE")[0] == 405


@pytest.mark.parametrize(
    "path", ["/../runs.py", "/%2e%2e/app.py", "/static/../../app.py", "//etc/passwd", "/js/..%2f..%2fapp.py"]
)
def test_nothing_but_the_page_can_be_fetched(server: DashboardProcess, path: str) -> None:
    assert ask(server.links.control, path)[0] == 404


def test_beyond_this_machine_a_token_is_needed_and_one_is_for_watching_only(open_server: DashboardProcess) -> None:
    links, link = open_server.links, local(open_server.links.control)
    assert ask(link, "/")[0] == 200
    for wrong in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Bearer "}):
        assert ask(link, "/api/describe", headers=wrong)[0] == 401
        assert ask(link, "/api/adjust", "POST", {}, wrong)[0] == 401
    assert ask(link, "/api/describe", headers=token(links.view))[1]["may_control"] is False
    assert ask(link, "/api/describe", headers=token(links.control))[1]["may_control"] is True
    assert ask(link, "/api/adjust", "POST", {}, token(links.view))[0] == 403
    assert ask(link, "/api/adjust", "POST", {}, token(links.control))[0] == 400
    assert token(links.view) != token(links.control)


def test_addresses_are_fine_where_others_may_come_and_foreign_names_are_not() -> None:
    access = Access.for_host("0.0.0.0")
    assert access.knows_host("192.168.1.7:8787")
    assert access.knows_host("[fe80::1]:8787")
    assert not access.knows_host("rebound.example:8787")
    assert not Access.for_host("127.0.0.1").knows_host("192.168.1.7:8787")


def test_a_port_that_is_taken_is_passed_over_and_the_process_is_nice_and_ends_with_its_owner(run: Path) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        server = DashboardProcess([run], "127.0.0.1", port)
        assert urlsplit(server.links.control).port != port
        process = psutil.Process(server.pid)
        wait_until(lambda: process.nice() > os.nice(0), 10)
        began = time.monotonic()
        server.close()
        assert time.monotonic() - began < 4
        assert not process.is_running()


def test_a_host_that_is_not_ours_is_an_error_that_says_what_to_do() -> None:
    with pytest.raises(DashboardError, match="--no-dashboard"):
        listen("192.0.2.1", 1234)


def test_neighbours_of_the_same_game_can_be_compared(run: Path) -> None:
    for name, game in (("two", "space_invaders"), ("other", "another")):
        RunFolder.create(run.parent / name, describe(to_json(TrainSettings(game)), None))
    (run.parent / "broken").mkdir()
    (run.parent / "broken" / "config.json").write_text("{")
    assert [one.name for one in Runs([run]).all()] == ["one", "two"]


def test_the_server_does_without_torch() -> None:
    """It would take seconds to load, and hundreds of megabytes."""
    look = "import sys, quarterup.dashboard.app; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", look], check=False).returncode == 0
