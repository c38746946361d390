; The player's one shot.

SPARK_START_Y   equ 28h
SPARK_SPEED     equ 4
SPARK_CEILING   equ 0D8h
BURST_FRAMES    equ 16

update_spark:
        call watch_fire_button
        ld a,(spark_status)
        or a
        ret z
        dec a
        jp z,launch_spark
        dec a
        jp z,fly_spark
        dec a
        jp z,burst_spark
        dec a
        ret nz                  ; SPARK_HIT: the rack is at it
        jp spark_finished

; A press counts once; holding the button does nothing.
watch_fire_button:
        ld a,(controls)
        and FIRE
        ld hl,fire_held
        jp z,_up
        ld a,(hl)
        or a
        ret nz
        ld a,(spark_status)
        or a
        ret nz
        call player_on_screen
        ret nc
        ld a,(player_ok)
        or a
        ret z
        ld (hl),1
        ld a,SPARK_NEW
        ld (spark_status),a
        ret
_up:    ld (hl),a
        ret

launch_spark:
        ld a,SPARK_FLYING
        ld (spark_status),a
        ld a,(player_x)
        add a,8
        ld h,a
        ld l,SPARK_START_Y
        ld (spark_y),hl
        jp draw_spark

fly_spark:
        ld hl,(spark_y)
        ld de,spark
        ld b,1
        call erase_sprite
        ld hl,spark_y
        ld a,(hl)
        add a,SPARK_SPEED
        ld (hl),a
draw_spark:
        ld hl,(spark_y)
        ld de,spark
        ld b,1
        call or_sprite
        ld a,(spark_y)
        cp SPARK_CEILING
        jp nc,_spent
        ld b,a
        ld a,(collision)
        or a
        ret z
        ld a,b
        cp BONUS_Y-2
        jp nc,_high
        call find_enemy_hit
        jp nc,_spent
        push af
        call erase_spark
        pop af
        call burst_enemy
        ld a,SPARK_HIT
        ld (spark_status),a
        ret
_high:  ld a,(bonus_active)
        or a
        jp z,_spent
        ld a,(bonus_hit)
        or a
        jp nz,_spent
        call erase_spark
        call hit_bonus
        jp spark_finished

_spent: call erase_spark
        ld a,SPARK_SPENT
        ld (spark_status),a
        ld a,BURST_FRAMES
        ld (spark_timer),a
        call burst_place
        jp or_sprite

erase_spark:
        ld hl,(spark_y)
        ld de,spark
        ld b,1
        jp erase_sprite

burst_spark:
        ld hl,spark_timer
        dec (hl)
        ret nz
        call burst_place
        call erase_sprite
        ; and the cart may fire again

; A shot has come to its end: the bat's worth and side depend on the number of shots.
spark_finished:
        xor a
        ld (spark_status),a
        ld hl,shots_fired
        inc (hl)
        ld hl,bonus_place
        inc (hl)
        ld a,(hl)
        cp BONUS_CYCLE
        ret nz
        ld (hl),0
        ret

burst_place:
        ld hl,(spark_y)
        dec l
        dec l
        dec h
        dec h
        dec h
        ld de,spark_burst
        ld b,8
        ret
