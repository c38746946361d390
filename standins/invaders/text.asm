; Letters, 8 by 8, at whole bytes of the screen.  A place is SCREEN + LETTER * letters from the left
; + rows of 8 pixels from the bottom.  Texts end with a 0.

; Write the text at DE to the place HL.
print:  ld a,(de)
        or a
        ret z
        call draw_letter
        inc de
        jp print

; The same, letter by letter.
type_text:
        ld a,(de)
        or a
        ret z
        call draw_letter
        inc de
        ld b,5
        call wait_frames
        jp type_text

; A = two BCD digits.
print_bcd:
        push af
        rrca
        rrca
        rrca
        rrca
        call print_digit
        pop af
print_digit:
        and 0Fh
        add a,'0'

; A = letter, HL = place; HL moves on to the next place.  Keeps DE.
draw_letter:
        push de
        push hl
        sub 20h
        ld l,a
        ld h,0
        add hl,hl
        add hl,hl
        add hl,hl
        ld de,font
        add hl,de
        ex de,hl
        pop hl
        ld b,8
_column:
        ld a,(de)
        ld (hl),a
        inc de
        call next_column
        dec b
        jp nz,_column
        pop de
        ret
