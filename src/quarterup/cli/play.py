"""`quarterup play`: watch a policy in a MAME window, or play yourself, there or in the browser."""

from __future__ import annotations

import contextlib
import shlex
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tyro

from quarterup.cli.page import HOST, PORT
from quarterup.cli.target import PolicyName, Target, check_policy, find_target, make_policy
from quarterup.dashboard.process import links, listen
from quarterup.dashboard.safety import Access
from quarterup.emulators.emulator import EmulatorDied, EmulatorError
from quarterup.emulators.launch import Options, launch_mame, mame_machine
from quarterup.envs.cabinet import Cabinet
from quarterup.games import find_game
from quarterup.games.atari import AtariGame
from quarterup.training.demonstrations import demonstrations_folder
from quarterup.training.evaluation import FIRST_SEED, make_env

KEYS = "5 inserts a coin, 1 starts, the arrow keys move, left Ctrl fires, P pauses, Tab shows all keys, Esc ends."
"""MAME's own defaults."""
START_GRACE_S = 5.0
"""A window that is gone earlier than this was not closed by a person."""


@dataclass(frozen=True)
class Settings:
    """Watch a policy play in a MAME window, or play yourself: with --human there, with sound, or with --page in the
    browser, where every game that you finish is kept for training to learn from. Close the window, press Esc in it, or
    Ctrl-C here, to end."""

    target: tyro.conf.Positional[str]
    """A run folder, a checkpoint in one, or a game."""
    policy: PolicyName = "agent"
    """Who plays: the run's agent without exploration, someone who presses at random, or the rule-based player."""
    human: bool = False
    """Play yourself in MAME's window. Games are not kept."""
    page: bool = False
    """Play yourself in the browser, by keyboard, gamepad or touch; its link is printed. Games are kept."""
    demos: Path | None = None
    """Where games from the page are kept; left out: your own folder, see `quarterup demos`."""
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
    roms: tuple[Path, ...] = ()
    """Folders to look for ROM sets in, before all others."""


def run(settings: Settings) -> int:
    target = find_target(settings.target, settings.checkpoint, settings.roms)
    if settings.page:
        return play_in_page(target, settings)
    if not settings.human:
        check_policy(target, settings.policy)
    started = time.monotonic()
    try:
        play_by_hand(target) if settings.human else watch(target, settings)
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


def play_by_hand(target: Target) -> None:
    """MAME with its own keyboard controls; says what each finished game scored."""
    game = find_game(target.game)
    if isinstance(game, AtariGame):
        command = shlex.join(["mame", *mame_machine(game.system, game.machine, target.env.roms)])
        raise EmulatorError(f"ale-py, which keeps the score, takes no keyboard. To play in MAME without it: {command}")
    options = Options(watch=game.memory.ranges, visible=True)
    with launch_mame(game.system, game.machine, roms=target.env.roms, **options) as emulator:
        print(f"{emulator.facts.description} ({emulator.facts.rom_status}). {KEYS}", flush=True)
        before = game.memory(np.array(emulator.step().memory))
        points = 0.0
        while True:
            memory = game.memory(np.array(emulator.step().memory))
            outcome = game.outcome(before, memory)
            points += outcome.reward
            before = memory
            if outcome.terminated and points > 0:
                print(f"game over: {points:,.0f} points", flush=True)
            if outcome.terminated:
                points = 0.0


def play_in_page(target: Target, settings: Settings) -> int:
    """A machine of our own, at its own speed, whose picture and controls are in the browser, until Ctrl-C."""
    from quarterup.dashboard.play_app import WebServer, about, make_play_app
    from quarterup.dashboard.played_game import PlayedGame, rules_of_people

    demos = (settings.demos or demonstrations_folder()).absolute()
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
        played.callback(game.stop)
        server.serve_until_ctrl_c(listener)
    for path in game.kept:
        print(f"kept: {path}")
    if game.error:
        raise game.error
    return 0
