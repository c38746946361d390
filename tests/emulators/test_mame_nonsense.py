"""Something in MAME's place that ends, hangs or talks nonsense: a clear error in time, and nothing left behind."""

from __future__ import annotations

import os
import stat
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from real_mame import PATIENCE_S, Make, assert_nothing_left

from quarterup.emulators.bridge_protocol import PROTOCOL
from quarterup.emulators.emulator import EmulatorDied, EmulatorError, EmulatorNotFound

pytestmark = pytest.mark.skipif(os.name != "posix", reason="named pipes and signals")

Fake = Callable[[str], None]
BUSY_START_S = 20.0
"""A Python takes that long to start on a machine where many others run."""


@pytest.fixture
def fake_mame(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a Python script in MAME's place. It runs with `requests` and `replies` open, and `hello` at hand."""

    def put(script: str) -> None:
        program = tmp_path / "mame"
        program.write_text(
            f"#!{sys.executable}\n"
            + textwrap.dedent(
                """
                import os, struct, sys, time
                if "-showconfig" in sys.argv:
                    print("rompath    /nowhere;$HOME/roms")
                    sys.exit()
                print("I am no MAME", flush=True)
                pipes = os.environ["QUARTERUP_PIPES"]
                """
            )
            + textwrap.dedent(script)
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("QUARTERUP_MAME", str(program))

    return put


OPEN = """
requests = open(pipes + "/requests", "rb", 0)
replies = open(pipes + "/replies", "wb", 0)
"""
HELLO = f"""
PROTOCOL = {PROTOCOL}
"""
HELLO += """
def text(value):
    return struct.pack("<H", len(value)) + value.encode()
def reply(body, status=0):
    replies.write(struct.pack("<II", len(body) + 4, status) + body)
def request():
    return requests.read(struct.unpack("<I", requests.read(4))[0])
hello = b"QUARTRUP" + struct.pack("<H", PROTOCOL) + text("9") + text("invaders") + text("x")
hello += struct.pack("<HHddH", 8, 8, 60, 0.75, 0)
"""
GREETED = OPEN + HELLO + "reply(hello)\nrequest()\nreply(bytes(8))\n"


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("sys.exit(7)", r"ended before it connected.*\n.*I am no MAME"),
        (OPEN + "sys.exit()", "ended"),
        (OPEN + "replies.write(b'garbage ' * 20)\ntime.sleep(60)", "answered nonsense"),
        (OPEN + "replies.write(b'\\xff\\xff\\xff\\x7f\\0\\0\\0\\0')\ntime.sleep(60)", "answered nonsense"),
        (OPEN + HELLO + "reply(hello[:20])\ntime.sleep(60)", "greeting that is cut short"),
        (OPEN + HELLO + "reply(b'SOMEBODY' + hello[8:])\ntime.sleep(60)", "not quarterup's bridge"),
        (OPEN + HELLO + "reply(hello[:8] + b'\\x63\\0' + hello[10:])\ntime.sleep(60)", "speaks protocol 99"),
        (OPEN + HELLO + "reply(hello)\nrequest()\nreply(b'no such thing', 1)\ntime.sleep(60)", "no such thing"),
        (OPEN + HELLO + "reply(hello)\nrequest()\nreply(b'')\ntime.sleep(60)", "sent an answer that is cut short"),
        ("time.sleep(60)", r"did not connect within 0\.5 s"),
        (OPEN + "time.sleep(60)", r"did not connect within 0\.5 s"),
        (
            OPEN + HELLO + "replies.write(b'\\x99\\0\\0\\0\\0\\0\\0\\0abc')\ntime.sleep(60)",
            r"did not answer for 0\.5 s",
        ),
    ],
)
def test_nonsense_at_the_start(fake_mame: Fake, make: Make, private_tmp: Path, script: str, message: str) -> None:
    fake_mame(script)
    patience_s = 0.5 if "0\\.5 s" in message else BUSY_START_S
    started = time.monotonic()
    with pytest.raises(EmulatorError, match=message):
        make(start_timeout_s=patience_s, timeout_s=0.5)
    assert time.monotonic() - started < patience_s + PATIENCE_S
    assert_nothing_left(psutil.Process().children(recursive=True), private_tmp)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("replies.write(b'garbage ' * 200)\ntime.sleep(60)", "answered nonsense"),
        ("replies.write(b'gar')\ntime.sleep(60)", "answered nonsense"),
        ("reply(bytes(7))\ntime.sleep(60)", "sent 15 bytes, not 16"),
        ("reply(bytes(9))\ntime.sleep(60)", "sent 17 bytes, not 16"),
        ("reply(b'a Lua error', 1)\ntime.sleep(60)", "could not step: a Lua error"),
        ("reply(b'why? ' * 500, 1)\ntime.sleep(60)", r"could not step: why\? why\?"),
        ("time.sleep(60)", r"did not answer for 0\.5 s"),
        ("replies.write(struct.pack('<IIB', 12, 0, 1))\ntime.sleep(60)", r"did not answer for 0\.5 s"),
        ("sys.exit()", "ended"),
    ],
)
def test_nonsense_in_a_step(fake_mame: Fake, make: Make, private_tmp: Path, script: str, message: str) -> None:
    fake_mame(GREETED + "request()\n" + script)
    emulator = make(timeout_s=0.5)
    started = time.monotonic()
    with pytest.raises(EmulatorDied, match=message):
        emulator.step()
    assert time.monotonic() - started < 0.5 + PATIENCE_S
    assert_nothing_left(psutil.Process().children(recursive=True), private_tmp)


def test_an_old_mame_is_called_old(fake_mame: Fake, make: Make) -> None:
    fake_mame("print('[LUA ERROR] in run: this MAME is too old: …')\nsys.exit(1)")
    with pytest.raises(EmulatorNotFound, match=r"needs 0\.251 or newer"):
        make()


def test_a_program_that_cannot_be_run(fake_mame: Fake, make: Make, tmp_path: Path, private_tmp: Path) -> None:
    fake_mame("")
    make_it_nonsense = tmp_path / "mame"
    make_it_nonsense.write_bytes(b"\x7fELF nonsense")
    with pytest.raises(EmulatorNotFound, match="mame cannot be run"):
        make()
    assert not list(private_tmp.iterdir())


def test_a_program_that_vanishes_after_it_was_found(
    fake_mame: Fake, make: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    fake_mame("")
    with pytest.raises(EmulatorDied, match="ended before it connected"):
        make()
    (tmp_path / "mame").write_bytes(b"\x7fELF nonsense")  # what MAME's folders are is remembered, so this is the start
    with pytest.raises(EmulatorDied, match=r"cannot be run: .*Exec format error"):
        make()
    assert capfd.readouterr().err == ""
