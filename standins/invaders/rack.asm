; The swarm: 5 rows of 11.  One enemy is redrawn each frame, from the bottom left to the top right;
; when all have had their turn, the whole rack has made one step.  Hence it quickens as it thins out.

RACK_START_X    equ 38h
RACK_STEP       equ 2
RACK_LAST_STEP  equ 3           ; the last enemy's step to the right
RACK_DROP       equ (-8) and 0FFh
RACK_LEFT_EDGE  equ 29h         ; turn when an enemy's picture reaches these columns
RACK_RIGHT_EDGE equ 0F5h
PICTURE_LEFT    equ 2           ; the lit columns of a cell of 16
PICTURE_RIGHT   equ 13
CELL            equ 16
PUFF_FRAMES     equ 16
LANDED_Y        equ 28h         ; an enemy below this height has reached the ground

update_rack:
        ld a,(puff_active)
        or a
        jp nz,wait_for_puff
        ld a,(player_ok)
        or a
        ret z
        ld a,(enemies_left)
        or a
        ret z
        call next_enemy
        call draw_enemy
        ld a,(rack_cursor)
        inc a
        ld (rack_cursor),a
        ld a,l
        cp LANDED_Y
        ret nc
        ld a,1
        ld (invaded),a
        ret

; Move the cursor to the next live enemy; past the last one, the rack makes its step.
next_enemy:
        ld hl,rack_cursor
        ld a,(hl)
        cp ENEMIES
        jp nz,_look
        call step_rack
        jp next_enemy
_look:  ld e,a
        ld a,(player_page)
        ld d,a
        ld a,(de)
        or a
        ret nz
        inc (hl)
        jp next_enemy

; Draw the enemy under the cursor in the new place.  Returns its position in HL.
draw_enemy:
        ld a,(rack_step_x)
        cp RACK_LAST_STEP
        call z,wipe_last_enemy
        ld a,(rack_cursor)
        ld hl,(rack_y)
        call cell_of_enemy      ; HL = position, B = row
        push hl
        ld a,b
        and 6                   ; two rows share a kind
        rrca
        add a,a                 ; two pictures a kind
        ld b,a
        ld a,(rack_frame)
        add a,b
        rlca
        rlca
        rlca
        rlca                    ; 16 bytes a picture
        ld e,a
        ld d,0
        ld hl,beetle_a
        add hl,de
        ex de,hl
        pop hl
        push hl
        ld b,CELL
        call put_enemy
        pop hl
        ret

; A step of three pixels would leave a line of the old picture standing.
wipe_last_enemy:
        ld a,(rack_cursor)
        ld hl,(old_rack)
        call cell_of_enemy
        ld b,CELL
        jp clear_cell

; HL = rack's place, A = enemy -> HL = its place, B = row, C = column.
cell_of_enemy:
        ld b,0
_row:   cp ROW
        jp c,_found
        sub ROW
        inc b
        ld c,a
        ld a,l
        add a,CELL
        ld l,a
        ld a,c
        jp _row
_found: ld c,a
        add a,a
        add a,a
        add a,a
        add a,a
        add a,h
        ld h,a
        ret

; Where enemy A really stands on the screen: before the cursor the new place, after it the old one.
enemy_place:
        ld hl,rack_cursor
        cp (hl)
        ld hl,(rack_y)
        jp c,cell_of_enemy
        ld hl,(old_rack)
        jp cell_of_enemy

; All enemies have moved: turn at an edge, move the reference, change the picture.
step_rack:
        ld hl,(rack_y)
        ld (old_rack),hl
        call turn_at_edge
        ld hl,rack_y
        ld a,(rack_step_y)
        add a,(hl)
        ld (hl),a
        inc hl
        ld a,(rack_step_x)
        add a,(hl)
        ld (hl),a
        xor a
        ld (rack_step_y),a
        ld (rack_cursor),a
        ld hl,rack_frame
        ld a,(hl)
        xor 1
        ld (hl),a
        ret

turn_at_edge:
        ld a,(rack_direction)
        or a
        jp nz,_leftwards
        ld c,ROW-1              ; the last column with life in it
_right: call column_alive
        jp nz,_right_edge
        dec c
        jp _right
_right_edge:
        call column_x
        add a,PICTURE_RIGHT
        cp RACK_RIGHT_EDGE
        ret c
        ld a,1
        ld (rack_direction),a
        ld a,100h-RACK_STEP
        jp _drop
_leftwards:
        ld c,0
_left:  call column_alive
        jp nz,_left_edge
        inc c
        jp _left
_left_edge:
        call column_x
        add a,PICTURE_LEFT
        cp RACK_LEFT_EDGE+1
        ret nc
        xor a
        ld (rack_direction),a
        ld a,(enemies_left)
        dec a
        ld a,RACK_STEP
        jp nz,_drop
        ld a,RACK_LAST_STEP
_drop:  ld (rack_step_x),a
        ld a,RACK_DROP
        ld (rack_step_y),a
        ret

; Not zero if one of column C's enemies lives.
column_alive:
        ld a,(player_page)
        ld h,a
        ld l,c
        ld b,5
        ld de,ROW
        xor a
_row:   or (hl)
        add hl,de
        dec b
        jp nz,_row
        or a
        ret

; A = X of column C.
column_x:
        ld a,c
        add a,a
        add a,a
        add a,a
        add a,a
        ld hl,rack_x
        add a,(hl)
        ret

; The player's shot met something: carry and A = enemy if it was one.  Those before the cursor stand
; in the new place, the others in the old.
find_enemy_hit:
        ld hl,(rack_y)
        call enemy_at_spark
        jp nc,_old
        ld hl,rack_cursor
        cp (hl)
        ret c
_old:   ld hl,(old_rack)
        call enemy_at_spark
        ret nc
        ld hl,rack_cursor
        cp (hl)
        ccf
        ret

; HL = a place of the rack: carry and A = the live enemy whose picture the shot touches.
enemy_at_spark:
        ld a,(spark_y)
        add a,3                 ; its upper end
        sub l
        ld b,a
        and 15
        cp 8+3
        ret nc
        ld a,b
        rrca
        rrca
        rrca
        rrca
        and 15
        cp 5
        ret nc
        ld b,a
        ld a,(spark_x)
        sub h
        rrca
        rrca
        rrca
        rrca
        and 15
        cp ROW
        ret nc
        inc b
_row:   dec b
        jp z,_index
        add a,ROW
        jp _row
_index: ld l,a
        ld a,(player_page)
        ld h,a
        ld a,(hl)
        or a
        ret z                   ; (or cleared the carry)
        ld a,l
        scf
        ret

; Enemy A is hit: it bursts where it stands, and the rack waits.
burst_enemy:
        ld l,a
        ld c,a
        ld a,(player_page)
        ld h,a
        ld (hl),0
        ld hl,enemies_left
        dec (hl)
        ld a,c
        call enemy_place
        ld (puff_y),hl
        push bc
        ld de,puff
        ld b,CELL
        call put_enemy
        ld a,1
        ld (puff_active),a
        ld a,PUFF_FRAMES
        ld (puff_timer),a
        ld a,(enemies_left)
        cp 9
        jp nc,_points
        ld a,DROP_FAST
        ld (drop_speed),a
_points:
        pop bc
        ld a,b                  ; the row
        and 6
        rrca
        inc a
        rlca
        rlca
        rlca
        rlca
        ld e,a                  ; 10, 20, 30
        ld d,0
        jp add_score

wait_for_puff:
        ld hl,puff_timer
        dec (hl)
        ret nz
        xor a
        ld (puff_active),a
        ld hl,(puff_y)
        ld b,CELL
        call clear_cell
        ld a,(spark_status)
        cp SPARK_HIT
        ret nz
        ld a,SPARK_DONE
        ld (spark_status),a
        ret
