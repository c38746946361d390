; Work RAM.  Every address up to 20FF that has a name in the public RAM map of the board's best-known
; game keeps the meaning it has there (README.md has the table), so that a tool written for that map
; understands this game.
;
; Positions: X is the screen column plus 20h, Y is the pixel row counted from the bottom.
; A position in HL has X in H and Y in L.

; --- the rack (the swarm) ---
puff_active     equ 2002h       ; 1 while an enemy bursts: the rack stands still
puff_timer      equ 2003h
rack_frame      equ 2005h       ; which of the two pictures, 0 or 1
rack_cursor     equ 2006h       ; the next enemy to be looked at, 0..54
rack_step_y     equ 2007h       ; what the next step of the whole rack adds: 0 or -8
rack_step_x     equ 2008h       ;                                            +2, -2 or +3
rack_y          equ 2009h       ; where the bottom-left enemy stands, alive or not
rack_x          equ 200Ah
rack_direction  equ 200Dh       ; 0 right, 1 left

; --- the player's cart ---
player_wait     equ 2011h       ; frames until the cart appears
player_alive    equ 2015h       ; FF alive; 0 and 1 by turns while it breaks up
wreck_timer     equ 2016h
wreck_count     equ 2017h
player_y        equ 201Ah
player_x        equ 201Bh

; --- the player's shot (the spark) ---
spark_status    equ 2025h       ; one of:
SPARK_FREE      equ 0
SPARK_NEW       equ 1
SPARK_FLYING    equ 2
SPARK_SPENT     equ 3           ; it met something other than an enemy
SPARK_DONE      equ 4           ; the enemy it hit has burst
SPARK_HIT       equ 5           ; the enemy it hit is bursting
spark_timer     equ 2026h
spark_y         equ 2029h
spark_x         equ 202Ah
fire_held       equ 202Dh       ; 1 until the fire button is let go

; --- the three shots of the swarm: 16 bytes each, the working part at +5 ---
drop_rolling    equ 2035h
drop_plunger    equ 2045h
drop_squiggly   equ 2055h
DROP_BYTES      equ 10          ; laid out as cur_status .. cur_x below
DROP_STEPS      equ 1           ; offset of the step count

collision       equ 2061h       ; 1 if the last or_sprite met a lit pixel
puff_y          equ 2063h
puff_x          equ 2064h
player_page     equ 2067h       ; 21h or 22h: whose data is in play
player_ok       equ 2068h       ; 1 the cart is there, 0 it breaks up or has yet to come back
drops_enabled   equ 2069h
drops_delay     equ 206Ah       ; frames until they are
invaded         equ 206Dh       ; 1 when the swarm has reached the ground
screen_half     equ 2072h       ; 80h after the blank's interrupt, 0 after mid-screen's

; --- the enemy shot being worked on: a copy of one of the three above ---
cur_status      equ 2073h       ; bit 7 in flight, bit 0 splashing
cur_steps       equ 2074h       ; moves made so far
cur_kind        equ 2075h       ; 0 rolling, 1 plunger, 2 squiggly
cur_column      equ 2076h       ; (2 bytes) where it stands in its list of columns
cur_splash      equ 2078h       ; counts the splash down
cur_art         equ 2079h       ; (2 bytes) the picture on the screen
cur_y           equ 207Bh       ; both 0 when not in flight
cur_x           equ 207Ch
drop_speed      equ 207Eh       ; -4, later -5 pixels a move
shot_sync       equ 2080h       ; 0, 1, 2: whose turn it is this frame
enemies_left    equ 2082h

; --- the bonus visitor (the bat) ---
bonus_due       equ 2083h
bonus_active    equ 2084h
bonus_hit       equ 2085h
bonus_hit_timer equ 2086h
bonus_y         equ 2089h
bonus_x         equ 208Ah
bonus_step      equ 208Ch       ; +2 or -2
bonus_place     equ 208Dh       ; where in the cycle of its worth, 0..14
shots_fired     equ 208Fh
bonus_timer     equ 2091h       ; (2 bytes) frames until it comes

; --- sound ---
march_count     equ 2096h
march_note      equ 2098h       ; the bit of the note to be played next
march_hold      equ 209Bh
extra_hold      equ 2099h

; --- not cleared between turns ---
countdown       equ 20C0h       ; the interrupt takes it down to 0
drop_reload     equ 20CFh
two_players     equ 20CEh
extra_ship_1    equ 20E5h       ; 1 while the extra ship is still to be won
extra_ship_2    equ 20E6h
in_game_1       equ 20E7h       ; 1 in the game, 0 after the last ship
in_game_2       equ 20E8h
moving          equ 20E9h       ; 1 things move, 0 everything waits
coin_level      equ 20EAh
credits         equ 20EBh       ; BCD
game_mode       equ 20EFh       ; 1 a game is played, 0 attract mode
high_score      equ 20F4h       ; BCD, low byte first, as the two below
score_1         equ 20F8h
score_2         equ 20FCh

; --- a player's page: 21xx and 22xx ---
PAGE_1          equ 21h
PAGE_2          equ 22h
ENEMIES         equ 55          ; alive flags at 00..36, row by row from the bottom, left to right
ROW             equ 11
PAGE_HEDGES     equ 42h         ; the four shelters as they were left
PAGE_STEP_X     equ 0FBh
PAGE_RACK       equ 0FCh        ; (2 bytes) Y, X
PAGE_WAVE       equ 0FEh        ; 0 for the first
PAGE_SHIPS      equ 0FFh        ; carts in reserve

; --- this game's own ---
frame_count     equ 2300h       ; (2 bytes)
frame_due       equ 2302h       ; set by the interrupt, cleared by wait_frame
coin_watch      equ 2303h       ; 1: a credit ends whatever goes on (attract mode)
credits_shown   equ 2304h
controls        equ 2305h       ; FIRE, LEFT and RIGHT as they are this frame
old_rack        equ 2306h       ; (2 bytes) where the rack stood one step ago
cur_home        equ 2308h       ; (2 bytes) where cur_* goes back to
ship_lost       equ 230Ah       ; 1 when the cart's wreck is gone
wave_pause      equ 230Bh       ; frames left between the last kill and the next wave
demo_time       equ 230Ch       ; (2 bytes) frames left of the demo
type_wait       equ 230Eh       ; frames per letter of type_text
save_mode       equ 230Fh       ; copy_hedges: 0 to the screen, 1 from it
