"""The feature vector of Space Invaders: what each number is. `feature_writer.py` writes them.

In this game single pixels decide, and it is the place relative to the gun that counts. So beside the plain facts there
are profiles: rows of numbers for places left and right of the barrel, which tell what a shot from there would hit, what
is about to hit there, and how much shield stands there. A thing between two places shows in both, in proportion, so
that its exact place is not lost.
"""

from __future__ import annotations

from quarterup.games.game import Feature
from quarterup.games.space_invaders.memory import CELL, COLUMNS, SCREEN_WIDTH
from quarterup.mirror import Mirror

NEAR_PIXELS = 24
"""The unit of the features that end in `near`."""
QUARTERS = 4
QUARTER = SCREEN_WIDTH // QUARTERS
SHIELD_PIXELS = 300
"""About what a whole shield has, 22 by 16 less its corners and its arch."""
ENEMY_TALL = 8
SHOT_AIM_PIXELS = 16
"""So far from an enemy's middle the flying shot's aim counts as nothing."""

TARGETS = tuple(range(-80, 81, 8))
"""Places of the `target` profile, in pixels right of the barrel; every profile's are equally far apart."""
HEIGHTS = tuple(range(-64, 65, CELL))
THREATS = tuple(range(-30, 31, 6))
COVERS = tuple(range(-24, 25, 8))
THREAT_REACH, THREAT_SOFT = 14, 6
"""A shot this far from the barrel hits nothing; nearer by `THREAT_SOFT` it hits for sure: the gun is 16 wide."""
THREAT_FRAMES = 80
"""Shots that take longer to arrive do not count yet."""
COVER_SIDE = 2
"""Columns left and right of a place that count for its shield,"""
COVER_PIXELS = (2 * COVER_SIDE + 1) * 16
"""and their pixels when it is whole."""

FEATURES = (
    Feature("gun_x", -1, 1, "where the gun is: left end to right end"),
    Feature("gun_ready", 0, 1, "1 while the gun can move"),
    Feature("fire_held", 0, 1, "1 until the fire button is let go: it fires once a press"),
    Feature("shot_flying", 0, 1, "1 while the player's shot is in the air"),
    Feature("shot_free", 0, 1, "1 while a shot can be fired"),
    Feature("shot_dx", -1, 1, "player's shot right of the gun, in screen widths; 0 without a shot"),
    Feature("shot_y", 0, 1, "height of the player's shot; 0 without a shot"),
    Feature("shot_aim", 0, 1, "how well it is aimed: 1 at the middle of an enemy, 0 past all; 0 without a shot"),
    Feature("rack_left", -1, 1, "left edge of the leftmost living column, over the screen"),
    Feature("rack_right", -1, 1, "right edge of the rightmost living column"),
    Feature("rack_bottom", 0, 1, "height of the lowest living enemy above the gun's line"),
    Feature("rack_direction", -1, 1, "1 right, -1 left"),
    Feature("rack_pace", 0, 1, "square root of 1 / enemies left: the rack's speed"),
    Feature("enemies_left", 0, 1, "enemies left of 55"),
    *(
        Feature(f"column_{column}", 0, 1, f"height of the lowest enemy in column {column}; 0 when it is empty")
        for column in range(COLUMNS)
    ),
    *(
        Feature(f"{kind}_{what}", low, 1, meaning)
        for kind in ("rolling", "plunger", "squiggly")
        for what, low, meaning in (
            ("flying", 0, f"1 while the {kind} shot falls"),
            ("dx", -1, "its place right of the gun, in half screen widths; 0 without a shot"),
            ("near", -1, "the same in units of NEAR_PIXELS"),
            ("y", 0, "its height above the gun's line; 0 without a shot"),
        )
    ),
    Feature("bonus_active", 0, 1, "1 while the bonus ship crosses"),
    Feature("bonus_dx", -1, 1, "its place right of the gun, in screen widths; 0 without it"),
    Feature("bonus_direction", -1, 1, "1 right, -1 left, 0 without it"),
    Feature("bonus_near", -1, 1, "where it will be when a shot fired now arrives, in units of NEAR_PIXELS"),
    *(
        Feature(f"shield_{quarter}", 0, 1, f"what is left of the shield in quarter {quarter} of the screen")
        for quarter in range(QUARTERS)
    ),
    Feature("ships", 0, 1, "ships left, the one in play too, of 4"),
    Feature("wave", 0, 1, "wave of 8"),
    *(
        Feature(f"target_{place:+d}", 0, 1, f"how well a shot is aimed that is fired {place:+d} pixels right of here")
        for place in TARGETS
    ),
    *(
        Feature(f"height_{place:+d}", 0, 1, "nearness to the ground of the enemy that it would hit; 0 for none")
        for place in HEIGHTS
    ),
    *(
        Feature(f"threat_{place:+d}", 0, 1, f"how soon a shot comes down {place:+d} pixels right of here; 0 for none")
        for place in THREATS
    ),
    *(
        Feature(f"cover_{place:+d}", 0, 1, f"how much shield stands {place:+d} pixels right of the barrel")
        for place in COVERS
    ),
)


def _mirror() -> Mirror:
    """Left and right change places: what has a side in its name is found under the other side's, what points to a
    side changes its sign."""
    names = [feature.name for feature in FEATURES]
    other_side = {"rack_left": "rack_right", "rack_right": "rack_left"}
    other_side |= {f"column_{column}": f"column_{COLUMNS - 1 - column}" for column in range(COLUMNS)}
    other_side |= {f"shield_{quarter}": f"shield_{QUARTERS - 1 - quarter}" for quarter in range(QUARTERS)}
    for profile, places in (("target", TARGETS), ("height", HEIGHTS), ("threat", THREATS), ("cover", COVERS)):
        other_side |= {f"{profile}_{place:+d}": f"{profile}_{-place:+d}" for place in places}
    turned = [
        name in ("gun_x", "rack_left", "rack_right") or name.endswith(("_dx", "_near", "_direction")) for name in names
    ]
    return Mirror(
        features=tuple(names.index(other_side.get(name, name)) for name in names),
        signs=tuple(-1.0 if turns else 1.0 for turns in turned),
        actions=(0, 2, 1, 3, 5, 4),
    )


MIRROR = _mirror()
"""The game plays alike on both sides, but for the last enemy, which walks a little faster to the right."""
