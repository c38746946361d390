; What a turn starts with and leaves behind: the player's page (enemies, rack, shelters, wave, reserve) and
; the variables of the things on the screen.

; A = page: a full reserve and the first wave.
fresh_player:
        ld (player_page),a
        ld h,a
        in a,(IN_PLAYER2)
        and DIP_SHIPS
        add a,3
        ld l,PAGE_SHIPS
        ld (hl),a
        ld l,PAGE_WAVE
        ld (hl),0

; Everybody alive, the rack at the wave's height, the shelters whole.
fresh_wave:
        ld a,(player_page)
        ld h,a
        ld l,0
        ld b,ENEMIES
_enemy: ld (hl),1
        inc hl
        dec b
        jp nz,_enemy
        ld l,PAGE_STEP_X
        ld (hl),RACK_STEP
        ld l,PAGE_WAVE
        ld e,(hl)
        ld d,0
        push hl
        ld hl,wave_heights
        add hl,de
        ld a,(hl)
        pop hl
        ld l,PAGE_RACK
        ld (hl),a
        inc hl
        ld (hl),RACK_START_X
        jp grow_hedges

; The page's rack into play.
load_rack:
        ld a,(player_page)
        ld h,a
        ld l,PAGE_RACK
        ld e,(hl)
        inc hl
        ld d,(hl)
        ld l,PAGE_STEP_X
        ld a,(hl)
        ld (rack_step_x),a
        rlca
        and 1
        ld (rack_direction),a
        ex de,hl
        ld (rack_y),hl
        ld (old_rack),hl
        ex de,hl
        ld l,0
        ld bc,ENEMIES*256
_enemy: ld a,(hl)
        add a,c
        ld c,a
        inc hl
        dec b
        jp nz,_enemy
        ld a,c
        ld (enemies_left),a
        cp 9
        ret nc
        ld a,DROP_FAST
        ld (drop_speed),a
        ret

; And back, when the other player's turn comes.
save_turn:
        call save_hedges
        ld a,(player_page)
        ld d,a
        ld e,PAGE_RACK
        ld hl,rack_y
        ld a,(hl)
        ld (de),a
        inc hl
        inc de
        ld a,(hl)
        ld (de),a
        ld e,PAGE_STEP_X
        ld a,(rack_step_x)
        ld (de),a
        ret

; 2000..20BF to their values at the start of a turn.
clear_objects:
        ld a,(player_page)
        ld hl,RAM
        ld b,0C0h
_byte:  ld (hl),0
        inc hl
        dec b
        jp nz,_byte
        ld (player_page),a
        ld a,WAVE_PAUSE
        ld (wave_pause),a
        ld a,40h
        ld (march_count),a
        ld a,1
        ld (march_note),a
        ld hl,BONUS_EVERY
        ld (bonus_timer),hl
        ld hl,PLAYER_LEFTMOST*256+SPARK_START_Y
        ld (spark_y),hl
        call reset_bonus
        call reset_drops
        jp reset_player

; One cart out of the reserve.
take_ship:
        ld a,(player_page)
        ld h,a
        ld l,PAGE_SHIPS
        dec (hl)
        jp draw_ships

; where the rack starts, by wave
wave_heights:
        db 78h,60h,50h,48h,48h,48h,40h,40h,40h
