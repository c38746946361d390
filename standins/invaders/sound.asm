; The board makes the sounds; the program holds a bit high for as long as a sound lasts.  All bits
; follow from the state of the game, so they are worked out anew every frame.

MARCH_HOLD      equ 4           ; frames a note's bit is held

update_sound:
        ld a,(game_mode)
        or a
        jp z,silence
        ld c,SOUND_AMP
        ld a,(bonus_active)
        or a
        jp z,_no_bat
        ld a,(bonus_hit)
        or a
        jp nz,_no_bat
        ld c,SOUND_AMP+SOUND_BAT
_no_bat:
        ld a,(spark_status)
        or a
        jp z,_no_spark
        ld a,c
        or SOUND_SPARK
        ld c,a
_no_spark:
        ld a,(player_alive)
        inc a
        jp z,_no_wreck
        ld a,c
        or SOUND_WRECK
        ld c,a
_no_wreck:
        ld a,(puff_active)
        or a
        jp z,_no_puff
        ld a,c
        or SOUND_HIT
        ld c,a
_no_puff:
        ld hl,extra_hold
        ld a,(hl)
        or a
        jp z,_no_extra
        dec (hl)
        ld a,c
        or SOUND_EXTRA
        ld c,a
_no_extra:
        ld a,c
        out_a SOUND1
        call march
        ld a,(bonus_hit)
        or a
        ld a,c
        jp z,_no_bat_hit
        ld a,SOUND_BAT_HIT      ; alone, so that it is heard
_no_bat_hit:
        out_a SOUND2
        ret

silence:
        xor a
        out_a SOUND1
        out_a SOUND2
        ret

; Four notes in turn, the quicker the fewer enemies are left.  C = the bit of the note now sounding.
march:  ld c,0
        ld a,(player_ok)
        or a
        ret z
        ld a,(enemies_left)
        or a
        ret z
        ld b,a
        ld hl,march_hold
        ld a,(hl)
        or a
        jp z,_silent
        dec (hl)
        ld a,(march_note)
        ld c,a
_silent:
        ld hl,march_count
        dec (hl)
        ret nz
        ld a,b
        add a,4                 ; frames to the next note
        ld (hl),a
        ld a,MARCH_HOLD
        ld (march_hold),a
        ld hl,march_note
        ld a,(hl)
        add a,a
        cp 10h
        jp c,_note
        ld a,1
_note:  ld (hl),a
        ret
