; The bat: now and then it crosses above the swarm, worth 50 to 300 points.

BONUS_EVERY     equ 600h        ; frames
BONUS_RACK_Y    equ 78h         ; the count runs once the rack is below this height
BONUS_ENEMIES   equ 8           ; it stays away when fewer are left
BONUS_Y         equ 0D0h
BONUS_WIDTH     equ 24
BONUS_LEFT      equ 29h
BONUS_RIGHT     equ 0E0h
BONUS_SPEED     equ 2
BONUS_CYCLE     equ 15
HIT_TURNS       equ 20h         ; turns (of three frames) from the hit until it is gone
HIT_POINTS      equ 18h         ; when the points are shown and given

; Every frame: is it time?
count_bonus_down:
        ld a,(rack_y)
        cp BONUS_RACK_Y
        ret nc
        ld hl,(bonus_timer)
        dec hl
        ld (bonus_timer),hl
        ld a,h
        or l
        ret nz
        ld hl,BONUS_EVERY
        ld (bonus_timer),hl
        ld a,(bonus_active)
        or a
        ret nz
        ld a,1
        ld (bonus_due),a
        ret

; Its turn, every third frame.
update_bonus:
        ld a,(bonus_active)
        or a
        jp z,start_bonus
        ld a,(bonus_hit)
        or a
        jp nz,bonus_is_hit
        ld hl,bonus_x
        ld a,(bonus_step)
        add a,(hl)
        ld (hl),a
        cp BONUS_LEFT-1
        jp c,end_bonus
        cp BONUS_RIGHT+1
        jp nc,end_bonus

draw_bonus:
        ld a,(bonus_x)
        and 8                   ; a beat of the wings every 12 frames
        ld de,bat_a
        jp z,put_bonus
        ld de,bat_b
put_bonus:
        ld hl,(bonus_y)
        ld b,BONUS_WIDTH
        jp put_sprite

start_bonus:
        xor a
        ld (bonus_due),a
        ld a,(enemies_left)
        cp BONUS_ENEMIES
        ret c
        ld a,1
        ld (bonus_active),a
        ld a,(shots_fired)      ; odd: from the left, even: from the right
        rrca
        ld hl,BONUS_LEFT*256+BONUS_Y
        ld a,BONUS_SPEED
        jp c,_side
        ld hl,BONUS_RIGHT*256+BONUS_Y
        ld a,100h-BONUS_SPEED
_side:  ld (bonus_y),hl
        ld (bonus_step),a
        jp draw_bonus

; The player's shot met it.
hit_bonus:
        ld a,1
        ld (bonus_hit),a
        ld a,HIT_TURNS
        ld (bonus_hit_timer),a
        ld de,bat_hit
        jp put_bonus

bonus_is_hit:
        ld hl,bonus_hit_timer
        dec (hl)
        jp z,end_bonus
        ld a,(hl)
        cp HIT_POINTS
        ret nz
        call bonus_points       ; DE
        push de
        call add_score
        ld hl,(bonus_y)
        call screen_address
        pop de
        ld a,' '
        dec d
        inc d
        jp z,_tens
        ld a,d
        add a,'0'
_tens:  push de
        call draw_letter
        pop de
        ld a,e
        jp print_bcd

; DE = its worth in BCD.
bonus_points:
        ld hl,bonus_worth
        ld a,(bonus_place)
        ld e,a
        ld d,0
        add hl,de
        ld l,(hl)
        ld h,0
        add hl,hl
        add hl,hl
        add hl,hl
        add hl,hl
        ex de,hl
        ret

end_bonus:
        ld hl,(bonus_y)
        ld b,BONUS_WIDTH
        call clear_cell
reset_bonus:
        xor a
        ld (bonus_active),a
        ld (bonus_hit),a
        ld (bonus_due),a
        ld a,BONUS_SPEED
        ld (bonus_step),a
        ld hl,BONUS_LEFT*256+BONUS_Y
        ld (bonus_y),hl
        ret

; In tens, BCD; a place forward with every shot of the player.
bonus_worth:
        db 10h,05h,05h,10h,15h,10h,10h,05h,30h,10h,05h,10h,15h,05h,10h
