; Power-up, the two interrupts, coins, and waiting for the next frame.
; The interrupts only count and look at the coin slot; the game itself runs in the foreground, once
; for every frame, right after the picture has been shown.

cold_start:
        di
        ld sp,STACK_TOP
        xor a
        out_a SOUND1
        out_a SOUND2
        ld hl,RAM
_clear: ld (hl),0
        out_a WATCHDOG
        inc hl
        ld a,h
        cp SCREEN_END/256
        jp nz,_clear
        in a,(IN_PLAYER1)
        and COIN
        ld (coin_level),a
        ei
        jp attract

mid_screen:
        push af
        xor a
        ld (screen_half),a
        pop af
        ei
        ret

vertical_blank:
        push af
        push hl
        ld a,80h
        ld (screen_half),a
        ld a,1
        ld (frame_due),a
        ld hl,(frame_count)
        inc hl
        ld (frame_count),hl
        ld hl,countdown
        ld a,(hl)
        or a
        jp z,_coin
        dec (hl)
_coin:  call look_at_coin_slot
        pop hl
        pop af
        ei
        ret

; One credit each time the slot's switch closes.
look_at_coin_slot:
        in a,(IN_PLAYER1)
        and COIN
        ld hl,coin_level
        cp (hl)
        ret z
        ld (hl),a
        or a                    ; closed, the switch reads 0
        ret nz
        ld a,(credits)
        cp 99h
        ret z
        add a,1
        daa
        ld (credits),a
        ret

; Wait for the next frame and feed the watchdog.  Changes A only.  In attract mode a credit ends the
; wait for good: the machine goes to press_start.
wait_frame:
        ld a,(frame_due)
        or a
        jp z,wait_frame
        xor a
        ld (frame_due),a
        out_a WATCHDOG
        push hl
        ld hl,credits_shown
        ld a,(credits)
        cp (hl)
        ld (hl),a
        pop hl
        jp z,_same
        call draw_credits
_same:  ld a,(coin_watch)
        or a
        ret z
        ld a,(credits)
        or a
        ret z
        jp press_start

; Wait B frames.
wait_frames:
        call wait_frame
        dec b
        jp nz,wait_frames
        ret
