; The player's cart: it appears, walks one pixel a frame, and breaks up when hit.

PLAYER_ALIVE    equ 0FFh
PLAYER_Y        equ 20h
PLAYER_LEFTMOST equ 30h         ; also where it appears
PLAYER_RIGHTMOST equ 0D9h
PLAYER_WAIT     equ 128         ; frames until it appears
DROPS_DELAY     equ 48          ; frames of peace after that
PLAYER_WIDTH    equ 16
WRECK_FRAMES    equ 5           ; frames per picture
WRECK_PICTURES  equ 12

update_player:
        ld a,(player_alive)
        cp PLAYER_ALIVE
        jp nz,break_up
        ld hl,player_wait
        ld a,(hl)
        or a
        jp z,drive
        dec (hl)
        ret nz
        ld a,1
        ld (player_ok),a
        jp draw_player

drive:  ld hl,drops_delay
        ld a,(hl)
        or a
        jp z,_walk
        dec (hl)
        jp nz,_walk
        ld a,1
        ld (drops_enabled),a
_walk:  ld hl,player_x
        ld a,(controls)
        ld b,a
        and RIGHT
        jp z,_left
        ld a,(hl)
        cp PLAYER_RIGHTMOST
        jp z,draw_player
        inc (hl)
        jp draw_player
_left:  ld a,b
        and LEFT
        jp z,draw_player
        ld a,(hl)
        cp PLAYER_LEFTMOST
        jp z,draw_player
        dec (hl)

draw_player:
        ld de,cart
put_player:
        ld hl,(player_y)
        ld b,PLAYER_WIDTH
        jp put_sprite

; An enemy shot met the cart, or the swarm reached the ground.
hit_player:
        xor a
        ld (player_alive),a
        ld (player_ok),a
        ld (drops_enabled),a
        ld a,WRECK_FRAMES
        ld (wreck_timer),a
        ld a,WRECK_PICTURES
        ld (wreck_count),a
        ret

break_up:
        ld hl,wreck_timer
        dec (hl)
        ret nz
        ld (hl),WRECK_FRAMES
        inc hl
        dec (hl)                ; wreck_count
        jp z,_gone
        ld hl,player_alive
        ld a,(hl)
        xor 1
        ld (hl),a
        ld de,wreck_a
        jp nz,put_player
        ld de,wreck_b
        jp put_player
_gone:  ld de,blank_art
        call put_player
        ld a,1
        ld (ship_lost),a
        ret

; A fresh cart is on its way.
reset_player:
        ld a,PLAYER_ALIVE
        ld (player_alive),a
        ld a,PLAYER_WAIT
        ld (player_wait),a
        ld a,DROPS_DELAY
        ld (drops_delay),a
        ld hl,PLAYER_LEFTMOST*256+PLAYER_Y
        ld (player_y),hl
        xor a
        ld (drops_enabled),a
        ld (ship_lost),a
        ret

; Carry is set if the cart stands on the screen and can be hit.
player_on_screen:
        ld a,(player_wait)
        or a
        ret nz                  ; (or clears the carry)
        ld a,(player_alive)
        add a,1                 ; FF alone carries
        ret
