; What the swarm lets fall: three shots, one of each kind at most.  Each has its turn every third frame.
;   rolling   comes from the column above the cart
;   plunger   follows a list of columns; none when a single enemy is left
;   squiggly  follows another list; it shares its turn with the bat

DROP_SLOW       equ (-4) and 0FFh
DROP_FAST       equ (-5) and 0FFh
DROP_FLOOR      equ 15h
DROP_WIDTH      equ 3
DROP_PICTURES   equ 4*DROP_WIDTH
CART_BOTTOM     equ 1Eh         ; a shot that meets something at these heights has met the cart
CART_TOP        equ 27h
SPLASH_WIDTH    equ 6
SPLASH_TURNS    equ 4
FALLING         equ 80h
SPLASHING       equ 81h

update_drops:
        ld hl,shot_sync
        ld a,(hl)
        inc a
        cp 3
        jp c,_turn
        xor a
_turn:  ld (hl),a
        or a
        ld hl,drop_rolling
        jp z,run_drop
        dec a
        ld hl,drop_plunger
        jp z,run_drop
        ld a,(drop_squiggly)
        or a
        ld hl,drop_squiggly
        jp nz,run_drop
        ld a,(bonus_due)
        ld b,a
        ld a,(bonus_active)
        or b
        jp nz,update_bonus

; HL = one of the three: work on a copy of it.
run_drop:
        ld (cur_home),hl
        ld de,cur_status
        call copy_drop
        ld a,(cur_status)
        or a
        jp nz,_flying
        call let_fall
        jp _back
_flying:
        call move_drop
_back:  ld hl,(cur_home)
        ex de,hl
        ld hl,cur_status

copy_drop:
        ld b,DROP_BYTES
_byte:  ld a,(hl)
        ld (de),a
        inc hl
        inc de
        dec b
        jp nz,_byte
        ret

; Start a new one, if the others have come far enough and there is an enemy to drop it.
let_fall:
        ld a,(drops_enabled)
        or a
        ret z
        ld a,(enemies_left)
        ld c,a
        or a
        ret z
        ld a,(drop_reload)
        ld b,a
        ld a,(drop_rolling+DROP_STEPS)
        call far_enough
        ret c
        ld a,(drop_plunger+DROP_STEPS)
        call far_enough
        ret c
        ld a,(drop_squiggly+DROP_STEPS)
        call far_enough
        ret c
        ld a,(cur_kind)
        or a
        jp z,_aim
        dec a
        jp nz,_list
        dec c
        ret z                   ; plunger: not from the last enemy
_list:  call column_from_list
        jp _column
_aim:   call column_above_cart
        ret nc
_column:
        call lowest_in_column
        ret nc
        call enemy_place
        ld a,h
        add a,7
        ld h,a
        ld a,l
        sub 10
        ld l,a
        ld (cur_y),hl
        ld hl,first_pictures
        ld a,(cur_kind)
        add a,a
        ld e,a
        ld d,0
        add hl,de
        ld a,(hl)
        ld (cur_art),a
        inc hl
        ld a,(hl)
        ld (cur_art+1),a
        ld a,FALLING
        ld (cur_status),a
        xor a
        ld (cur_steps),a
        ret

; Carry if A moves are too few: more than 0 and not more than B.
far_enough:
        or a
        ret z
        cp b
        ret c
        jp z,_too_few
        or a
        ret
_too_few:
        scf
        ret

; A = next column of this kind's list.
column_from_list:
        ld hl,(cur_column)
        ld a,(hl)
        inc hl
        or a
        jp p,_store
        ld hl,plunger_columns
        ld a,(cur_kind)
        dec a
        jp z,_again
        ld hl,squiggly_columns
_again: ld a,(hl)
        inc hl
_store: ld (cur_column),hl
        ret

; Carry and A = the column above the cart, if there is one.
column_above_cart:
        ld a,(player_x)
        add a,8
        ld hl,rack_x
        sub (hl)
        rrca
        rrca
        rrca
        rrca
        and 15
        cp ROW
        ret

; A = column -> carry and A = its lowest live enemy.
lowest_in_column:
        ld l,a
        ld a,(player_page)
        ld h,a
        ld b,5
_row:   ld a,(hl)
        or a
        jp nz,_found
        ld a,l
        add a,ROW
        ld l,a
        dec b
        jp nz,_row
        or a
        ret
_found: ld a,l
        scf
        ret

move_drop:
        cp SPLASHING
        jp z,splash_drop
        ld hl,cur_steps
        inc (hl)
        ld a,(hl)
        dec a
        call nz,erase_drop      ; not on the screen before its first move
        call next_picture
        ld hl,cur_y
        ld a,(drop_speed)
        add a,(hl)
        ld (hl),a
        call drop_sprite
        call or_sprite
        ld a,(cur_y)
        cp DROP_FLOOR
        jp c,_end
        ld b,a
        ld a,(collision)
        or a
        ret z
        ld a,b
        cp CART_BOTTOM
        jp c,_end
        cp CART_TOP
        jp nc,_end
        call player_on_screen
        call c,hit_player
_end:   ld a,SPLASHING
        ld (cur_status),a
        ld a,SPLASH_TURNS
        ld (cur_splash),a
        ret

erase_drop:
        call drop_sprite
        jp erase_sprite

; The picture and the place of the shot, for the drawing routines.
drop_sprite:
        ld hl,(cur_art)
        ex de,hl
        ld hl,(cur_y)
        ld b,DROP_WIDTH
        ret

; The four pictures of a kind follow one another.
next_picture:
        ld a,(cur_steps)
        and 3
        ld b,a
        add a,a
        add a,b                 ; times DROP_WIDTH
        push af
        ld hl,first_pictures
        ld a,(cur_kind)
        add a,a
        ld e,a
        ld d,0
        add hl,de
        ld e,(hl)
        inc hl
        ld d,(hl)
        pop af
        ld l,a
        ld h,0
        add hl,de
        ld (cur_art),hl
        ret

; Four turns: the shot goes, a splash appears, and takes with it what it covers.
splash_drop:
        ld hl,cur_splash
        dec (hl)
        ld a,(hl)
        jp z,_gone
        cp SPLASH_TURNS-1
        ret nz
        call erase_drop
        call splash_sprite
        jp or_sprite
_gone:  call splash_sprite
        call erase_sprite
        xor a
        ld (cur_status),a
        ld (cur_steps),a
        ld h,a
        ld l,a
        ld (cur_y),hl
        ret

splash_sprite:
        ld hl,(cur_y)
        dec l
        dec l
        dec h
        dec h
        ld de,splash
        ld b,SPLASH_WIDTH
        ret

; At the start of a turn.
reset_drops:
        ld hl,plunger_columns
        ld (drop_plunger+3),hl
        ld hl,squiggly_columns
        ld (drop_squiggly+3),hl
        ld a,1
        ld (drop_plunger+2),a
        inc a
        ld (drop_squiggly+2),a
        ld a,DROP_SLOW
        ld (drop_speed),a
        ret

first_pictures:
        dw rolling_art,plunger_art,squiggly_art
plunger_columns:
        db 0,6,3,9,5,4,10,1,7,8,2,5,0,10,4,6,0FFh
squiggly_columns:
        db 7,1,9,4,10,0,3,8,5,6,2,10,4,7,0,0FFh
