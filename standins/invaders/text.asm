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
        call letter_picture
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

; A = letter -> DE = its 8 columns.
letter_picture:
        push hl
        sub ' '
        ld l,a
        ld h,0
        add hl,hl
        add hl,hl
        add hl,hl
        ld de,font
        add hl,de
        ex de,hl
        pop hl
        ret

; Write the text at DE twice as wide and tall to the place HL.
print_big:
        ld a,(de)
        or a
        ret z
        inc de
        push de
        call letter_picture
        ld b,8
_column:
        ld a,(de)
        inc de
        push de
        call double_bits
        call put_big_column
        call put_big_column
        pop de
        dec b
        jp nz,_column
        pop de
        jp print_big

put_big_column:
        ld (hl),e
        inc hl
        ld (hl),d
        dec hl
        jp next_column

; A -> DE: every bit twice.
double_bits:
        push hl
        ld hl,0
        ld c,8
_bit:   add hl,hl
        add hl,hl
        rlca
        jp nc,_dark
        inc l
        inc l
        inc l
_dark:  dec c
        jp nz,_bit
        ex de,hl
        pop hl
        ret
