; Sprites.  A sprite is a list of columns from left to right, 8 pixels each, bit 0 lowest.
; All routines take HL = position (H = X, L = Y of the lowest row), DE = sprite, B = width in columns,
; and may change every register.

; HL = position -> HL = screen address; the shifter is set for the row within the byte. Changes A.
screen_address:
        ld a,l
        and 7
        out_a SHIFT_AMOUNT
        or a
        ld a,h
        rra
        ld h,a
        ld a,l
        rra
        ld l,a
        or a
        ld a,h
        rra
        ld h,a
        ld a,l
        rra
        ld l,a
        or a
        ld a,h
        rra
        ld h,a
        ld a,l
        rra
        ld l,a
        ld a,h
        or RAM/256              ; X starts at 20h, so the screen starts at RAM + 400h
        ld h,a
        ret

; Overwrite the 8 rows at Y, which must be a multiple of 8.
put_sprite:
        call screen_address
_next:  ld a,(de)
        ld (hl),a
        inc de
        call next_column
        dec b
        jp nz,_next
        ret

; Overwrite the 8 rows at Y and darken the 8 rows above: an enemy that stepped down leaves no trail.
put_enemy:
        call screen_address
_next:  ld a,(de)
        ld (hl),a
        inc hl
        ld (hl),0
        dec hl
        inc de
        call next_column
        dec b
        jp nz,_next
        ret

; Darken 16 rows at Y (a multiple of 8), B columns wide.
clear_cell:
        call screen_address
_next:  ld (hl),0
        inc hl
        ld (hl),0
        dec hl
        call next_column
        dec b
        jp nz,_next
        ret

; Light the sprite's pixels at any Y.  collision = 1 if one of them was lit before, else 0.
or_sprite:
        call screen_address
        xor a
        ld (collision),a
        out_a SHIFT_DATA
_next:  ld a,(de)
        out_a SHIFT_DATA
        call or_byte
        inc hl
        xor a
        out_a SHIFT_DATA
        call or_byte
        dec hl
        inc de
        call next_column
        dec b
        jp nz,_next
        ret

or_byte:
        in a,(SHIFT_RESULT)
        ld c,a
        and (hl)
        jp z,_free
        ld a,1
        ld (collision),a
_free:  ld a,c
        or (hl)
        ld (hl),a
        ret

; Darken the sprite's pixels at any Y.
erase_sprite:
        call screen_address
        xor a
        out_a SHIFT_DATA
_next:  ld a,(de)
        out_a SHIFT_DATA
        in a,(SHIFT_RESULT)
        cpl
        and (hl)
        ld (hl),a
        inc hl
        xor a
        out_a SHIFT_DATA
        in a,(SHIFT_RESULT)
        cpl
        and (hl)
        ld (hl),a
        dec hl
        inc de
        call next_column
        dec b
        jp nz,_next
        ret

; HL = the byte to the right on the screen.  Changes A.
next_column:
        ld a,l
        add a,COLUMN
        ld l,a
        ret nc
        inc h
        ret

clear_screen:
        ld hl,SCREEN
_byte:  ld (hl),0
        inc hl
        ld (hl),0
        inc hl
        ld (hl),0
        inc hl
        ld (hl),0
        inc hl
        ld a,h
        cp SCREEN_END/256
        jp nz,_byte
        ret

; Everything between the line of reserve carts and the scores.
clear_playfield:
        ld hl,SCREEN
_column:
        inc l
        inc l
        ld b,26                 ; bytes 2 to 27 of the column
_byte:  ld (hl),0
        inc l
        dec b
        jp nz,_byte
        ld a,l
        and 0E0h
        ld l,a
        call next_column
        ld a,h
        cp SCREEN_END/256
        jp nz,_column
        ret
