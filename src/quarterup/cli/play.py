"""`quarterup play`: watch a policy in a MAME window, or play yourself, there or in the browser."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

import tyro

from quarterup.cli.page import HOST, PORT
from quarterup.cli.target import PolicyName, Target, check_policy, find_target, make_policy
from quarterup.cli.window import play_by_hand
from quarterup.dashboard.process import links, listen
from quarterup.dashboard.safety import Access
from quarterup.emulators.emulator import EmulatorDied
from quarterup.emulators.systems import EmulatorName
from quarterup.envs.cabinet import Cabinet
from quarterup.training.demonstrations import demonstrations_folder
from quarterup.training.evaluation import FIRST_SEED, make_env

START_GRACE_S = 5.0
"""A window that is gone earlier than this was not closed by a person."""


@dataclass(frozen=True)
class Settings:
    """Watch a policy play in a MAME window, or play yourself: with --human there, or with --page in the browser.

    Every game that you finish is kept, for training to learn from. To end, close the window, press Esc in it, or Ctrl-C
    here.
    """

    target: tyro.conf.Positional[str]
    """A run folder, a checkpoint in one, or a game."""
    policy: PolicyName = "agent"
    """Who plays: the run's agent without exploration, someone who presses at random, or the rule-based player."""
    human: bool = False
    """Play yourself in MAME's window, with sound and MAME's keys. Games are kept."""
    page: bool = False
    """Play yourself in the browser, by keyboard, gamepad or touch; its link is printed. Games are kept."""
    demos: Path | None = None
    """Where games that you play are kept; left out: your own folder, see `quarterup demos`."""
    host: str = HOST
    """Where the page is served. Any other than this machine itself, such as 0.0.0.0, makes links with a token."""
    port: int = PORT
    """Where the page is served; the next one if it is taken. 0: any that is free."""
    checkpoint: str = "last"
    """Which one of the run: `last`, `best`, or an env step."""
    seed: int = FIRST_SEED
    """Game k starts from this plus k."""
    episodes: int = 0
    """Games to watch; 0: until the window is closed."""
    emulator: EmulatorName = "auto"
    """What runs the machine; auto: what the run was trained in, or for a game the best that is installed."""
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""


def run(settings: Settings) -> int:
    target = find_target(settings.target, settings.checkpoint, settings.roms, settings.emulator)
    demos = (settings.demos or demonstrations_folder()).absolute()
    if settings.page:
        return play_in_page(target, settings, demos)
    if not settings.human:
        check_policy(target, settings.policy)
    started = time.monotonic()
    try:
        play_by_hand(target, demos) if settings.human else watch(target, settings)
    except EmulatorDied:
        if time.monotonic() - started < START_GRACE_S:
            raise
        print("The window was closed.")
    return 0


def watch(target: Target, settings: Settings) -> None:
    """Games by a policy, as fast as the machine itself runs."""
    env = make_env(target.game, target.env, 1, render_mode="human")
    try:
        policy = make_policy(target, settings.policy, env, settings.seed)
        print(f"{policy.name} plays {env.facts.description} ({env.facts.rom_status}).", flush=True)
        game = 0
        while not settings.episodes or game < settings.episodes:
            observations, infos = env.reset(seed=[settings.seed + game])
            over = False
            while not over:
                observations, _, terminated, truncated, infos = env.step(policy.choose(observations, env))
                if infos["emulator_died"][0]:
                    raise EmulatorDied(str(infos["emulator_died"][0]))
                over = bool(terminated[0] or truncated[0])
            game += 1
            print(f"game {game}: {infos['score'][0]:,.0f} points", flush=True)
    finally:
        env.close()


def play_in_page(target: Target, settings: Settings, demos: Path) -> int:
    """A machine of our own, at its own speed, whose picture and controls are in the browser, until Ctrl-C."""
    from quarterup.dashboard.play_app import WebServer, about, make_play_app
    from quarterup.dashboard.played_game import PlayedGame, rules_of_people

    access = Access.for_host(settings.host)
    cabinet = Cabinet(target.game, rules_of_people(target.env), None)
    with listen(settings.host, settings.port) as listener, contextlib.ExitStack() as played:
        played.callback(cabinet.close)
        cabinet.power_on()
        game = PlayedGame(cabinet, demos, lambda: server.end())
        server = WebServer(make_play_app(game, access, about(cabinet, demos)), game.screen)
        found = links(access, listener.getsockname()[1])
        print(f"Play: {found.control}", flush=True)
        if found.view:
            print(f"For watching only: {found.view}", flush=True)
        print(f"Games that you finish are kept in {demos}. Ctrl-C ends.", flush=True)
        game.start()
        played.callback(lambda: print(*(f"kept: {path}" for path in game.kept), sep="\n"))
        played.callback(game.stop)
        server.serve_until_ctrl_c(listener)
    if game.error:
        raise game.error
    return 0
