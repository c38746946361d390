"""What a player holds, from messages that come at any time to frames, and whose turn it is."""

from __future__ import annotations

import pytest

from quarterup.dashboard import hand as hand_module
from quarterup.dashboard.hand import Hand, SeatTaken, action_of
from quarterup.games.space_invaders import SpaceInvaders

LEFT, RIGHT, FIRE = "P1 Left", "P1 Right", "P1 Button 1"


@pytest.mark.parametrize(
    ("held", "name"),
    [
        ((), "stay"),
        ((LEFT,), "left"),
        ((FIRE, RIGHT), "right and fire"),
        ((LEFT, RIGHT), "right"),
        ((RIGHT, LEFT), "left"),
        ((RIGHT, FIRE, LEFT), "left and fire"),
        ((LEFT, RIGHT, FIRE), "right and fire"),
        (("P2 Left",), "stay"),
    ],
)
def test_the_action_is_what_fits_best_and_of_contradictions_what_was_pressed_last(
    held: tuple[str, ...], name: str
) -> None:
    assert SpaceInvaders.actions[action_of(held, SpaceInvaders.actions)].name == name


def test_what_is_let_go_before_a_frame_is_held_for_one() -> None:
    hand = Hand()
    hand.hold("a", 1, [LEFT, FIRE])
    hand.hold("a", 2, [LEFT])
    assert hand.take() == ((LEFT, FIRE), 2)
    assert hand.take() == ((LEFT,), 2)
    hand.hold("a", 3, [])
    assert hand.take() == ((), 3)


def test_a_message_that_comes_late_changes_nothing() -> None:
    hand = Hand()
    hand.hold("a", 5, [])
    hand.hold("a", 4, [FIRE])
    assert hand.take() == ((), 5)


def test_one_plays_until_it_is_silent_and_nothing_of_it_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(hand_module.time, "monotonic", lambda: now)
    hand = Hand()
    assert not hand.is_there()
    hand.hold("a", 7, [FIRE])
    with pytest.raises(SeatTaken, match="Somebody else is playing"):
        hand.hold("b", 0, [LEFT])
    with pytest.raises(SeatTaken):
        hand.sit_down("b")
    assert hand.take() == ((FIRE,), 7)
    now += hand_module.PATIENCE_S
    assert not hand.is_there()
    hand.hold("b", 0, [LEFT])
    assert hand.take() == ((LEFT,), 0)
    with pytest.raises(SeatTaken):
        hand.hold("a", 8, [FIRE])
