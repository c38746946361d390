"""However FCEUX, its guard or we end, or whoever answers in its place: an error in time, and nothing left behind."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from real_fceux import FALLING, MakeFceux
from real_mame import PATIENCE_S, assert_nothing_left, guard_of
from real_mame import mame_of as process_of

from quarterup.emulators.bridge_protocol import MAGIC, PROTOCOL
from quarterup.emulators.emulator import EmulatorDied, EmulatorError, MemoryRange, Picture

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals")


def test_a_killed_fceux_is_noticed_at_once(make_fceux: MakeFceux, private_tmp: Path) -> None:
    emulator = make_fceux()
    processes = [process_of(emulator), guard_of(emulator)]
    processes[0].kill()
    started = time.monotonic()
    with pytest.raises(EmulatorDied, match=r"ended\. The last it printed:\n(.*\n)*.*Mapper name: NROM"):
        emulator.step()
    assert time.monotonic() - started < PATIENCE_S
    assert_nothing_left(processes, private_tmp)
    with pytest.raises(EmulatorDied, match="closed: make a new one"):
        emulator.step()


def test_a_killed_fceux_is_noticed_while_we_wait_for_it(make_fceux: MakeFceux) -> None:
    emulator = make_fceux()
    threading.Timer(0.3, process_of(emulator).kill).start()
    emulator.send_step((), 65_000)
    started = time.monotonic()
    with pytest.raises(EmulatorDied, match="ended"):
        emulator.receive_step()
    assert 0.1 < time.monotonic() - started < PATIENCE_S


def test_a_frozen_fceux_is_ended_in_time(make_fceux: MakeFceux, private_tmp: Path) -> None:
    emulator = make_fceux(timeout_s=0.5)
    processes = [process_of(emulator), guard_of(emulator)]
    processes[0].suspend()
    started = time.monotonic()
    with pytest.raises(EmulatorDied, match=r"did not answer for 0\.5 s"):
        emulator.step()
    assert 0.4 < time.monotonic() - started < PATIENCE_S
    assert_nothing_left(processes, private_tmp)


def test_a_killed_guard_takes_fceux_with_it(make_fceux: MakeFceux, private_tmp: Path) -> None:
    emulator = make_fceux()
    processes = [process_of(emulator), guard_of(emulator)]
    processes[1].kill()
    with pytest.raises(EmulatorDied, match="ended"):
        emulator.step((), 65_000)
    assert_nothing_left(processes, private_tmp)


def test_an_interrupted_answer_is_never_taken_for_a_later_one(make_fceux: MakeFceux, private_tmp: Path) -> None:
    emulator = make_fceux(picture=Picture())
    process = process_of(emulator)
    process.suspend()
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        emulator.step((), 5)
    process.resume()
    with pytest.raises(EmulatorDied, match="was interrupted before its last answer"):
        emulator.step((), 1)
    assert_nothing_left([process], private_tmp)


def test_nothing_survives_a_killed_owner(private_tmp: Path) -> None:
    script = f"""
import time
from quarterup.emulators.fceux import FceuxEmulator
emulator = FceuxEmulator({str(FALLING)!r})
emulator.step((), 9)
print("ready", flush=True)
emulator.step((), 65_000)
"""
    environment = {**os.environ, "TMPDIR": str(private_tmp)}
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "ready\n"
        below = psutil.Process(owner.pid).children(recursive=True)
        assert len(below) == 2
        owner.kill()
    assert_nothing_left(below, private_tmp)


def test_many_emulators_leave_nothing(make_fceux: MakeFceux, private_tmp: Path) -> None:
    def started_and_closed() -> int:
        with make_fceux(picture=Picture()) as emulator:
            emulator.step()
        return psutil.Process().num_fds()

    before = started_and_closed()
    assert {started_and_closed() for _ in range(5)} == {before}
    assert_nothing_left(psutil.Process().children(recursive=True), private_tmp)


def test_a_failed_start_leaves_nothing(make_fceux: MakeFceux, private_tmp: Path) -> None:
    before = psutil.Process().num_fds()
    with pytest.raises(EmulatorError):
        make_fceux(watch=[MemoryRange(1 << 40, 1)])
    assert psutil.Process().num_fds() == before
    assert_nothing_left(psutil.Process().children(recursive=True), private_tmp)


def test_fceux_writes_nothing_outside_its_folder(
    make_fceux: MakeFceux, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, private_tmp: Path
) -> None:
    home, here = tmp_path / "home", tmp_path / "here"
    home.mkdir()
    here.mkdir()
    monkeypatch.setenv("HOME", str(home))
    for name in ("FCEUX_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"):
        monkeypatch.setenv(name, str(home / name))
    monkeypatch.chdir(here)
    content = bytearray(FALLING.read_bytes())
    content[6] |= 2  # a battery, so that there is something to remember
    rom = here / "game.nes"
    rom.write_bytes(content)
    with make_fceux(rom, picture=Picture(84, 84)) as emulator:
        emulator.step((), 60)
        emulator.export_state(emulator.save_state(), here / "a.state")
        emulator.reset(hard=True)
        emulator.step(tuple(emulator.inputs), 2)
    assert sorted(path.name for path in here.iterdir()) == ["a.state", "game.nes"]
    for folder in (home, private_tmp):
        assert not list(folder.iterdir())


def test_a_home_that_cannot_be_written_is_no_hindrance(make_fceux: MakeFceux, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere/at/all")
    assert make_fceux().step((), 2).number == 2


# ------------------------------------------------------------------------------------------------ somebody else answers

Fake = Callable[[str], None]
START = f"""
import os, struct, sys, time
if "--help" in sys.argv:
    print("Starting FCEUX 2.6.5...\\n--loadlua")
    sys.exit()
pipes = os.environ["QUARTERUP_PIPES"]
requests = open(pipes + "/requests", "rb", 0)
replies = open(pipes + "/replies", "wb", 0)
def reply(body, status=0):
    replies.write(struct.pack("<II", len(body) + 4, status) + body)
def request():
    return requests.read(struct.unpack("<I", requests.read(4))[0])
hello = {MAGIC!r} + struct.pack("<H", {PROTOCOL}) + bytes(6) + struct.pack("<HHddH", 256, 240, 0, 0, 0)
"""


@pytest.fixture
def fake_fceux(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a Python script in FCEUX's place."""

    def put(script: str) -> None:
        program = tmp_path / "fceux"
        program.write_text(f"#!{sys.executable}\n" + START + textwrap.dedent(script))
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("QUARTERUP_FCEUX", str(program))

    return put


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("sys.exit(7)", "ended"),
        ("replies.write(b'garbage ' * 20)\ntime.sleep(60)", "answered nonsense"),
        ("reply(hello[:20])\ntime.sleep(60)", "greeting that is cut short"),
        ("reply(b'SOMEBODY' + hello[8:])\ntime.sleep(60)", "not quarterup's bridge"),
        ("reply(hello)\nrequest()\nreply(b'no such thing', 1)\ntime.sleep(60)", "no such thing"),
        ("reply(hello)\nrequest()\nreply(b'')\ntime.sleep(60)", "sent an answer that is cut short"),
    ],
)
def test_nonsense_at_the_start(
    fake_fceux: Fake, make_fceux: MakeFceux, private_tmp: Path, script: str, message: str
) -> None:
    fake_fceux(script)
    with pytest.raises(EmulatorError, match=message):
        make_fceux(timeout_s=0.5)
    assert_nothing_left(psutil.Process().children(recursive=True), private_tmp)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("replies.write(b'garbage ' * 200)\ntime.sleep(60)", "answered nonsense"),
        ("reply(bytes(9))\ntime.sleep(60)", "sent 17 bytes, not 16"),
        ("reply(b'a Lua error', 1)\ntime.sleep(60)", "could not step: a Lua error"),
        ("replies.write(struct.pack('<IIB', 12, 0, 1))\ntime.sleep(60)", r"did not answer for 0\.5 s"),
        ("sys.exit()", "ended"),
    ],
)
def test_nonsense_in_a_step(
    fake_fceux: Fake, make_fceux: MakeFceux, private_tmp: Path, script: str, message: str
) -> None:
    fake_fceux("reply(hello)\nrequest()\nreply(bytes(8))\nrequest()\n" + script)
    emulator = make_fceux(timeout_s=0.5)
    with pytest.raises(EmulatorDied, match=message):
        emulator.step()
    assert_nothing_left(psutil.Process().children(recursive=True), private_tmp)
