; The four shelters and the ground.  A player's shelters are kept in his page between turns: 44 bytes
; each, column by column.

HEDGES          equ 4
HEDGE_WIDTH     equ 22
HEDGE_GAP       equ 23
HEDGE_PLACE     equ SCREEN+COLUMN*32+6  ; the lower left byte of the first: column 32, row 48
GROUND_BYTE     equ 2                   ; row 16

; Fill the page's four shelters with fresh ones.
grow_hedges:
        ld l,PAGE_HEDGES
        ld a,(player_page)
        ld h,a
        ld c,HEDGES
_hedge: ld de,hedge
        ld b,HEDGE_WIDTH*2
_byte:  ld a,(de)
        ld (hl),a
        inc de
        inc hl
        dec b
        jp nz,_byte
        dec c
        jp nz,_hedge
        ret

; The page's shelters to the screen.
draw_hedges:
        xor a
        jp copy_hedges
; What the screen has of them to the page.
save_hedges:
        ld a,1
copy_hedges:
        ld (save_mode),a
        ld e,PAGE_HEDGES
        ld a,(player_page)
        ld d,a
        ld hl,HEDGE_PLACE
        ld c,HEDGES
_hedge: ld b,HEDGE_WIDTH
_column:
        call copy_hedge_byte
        inc hl
        call copy_hedge_byte
        dec hl
        call next_column
        dec b
        jp nz,_column
        push de
        ld de,HEDGE_GAP*COLUMN
        add hl,de
        pop de
        dec c
        jp nz,_hedge
        ret

copy_hedge_byte:
        ld a,(save_mode)
        or a
        jp nz,_save
        ld a,(de)
        ld (hl),a
        inc de
        ret
_save:  ld a,(hl)
        ld (de),a
        inc de
        ret

draw_ground:
        ld hl,SCREEN+GROUND_BYTE
        ld b,224
_column:
        ld a,(hl)
        or 1
        ld (hl),a
        call next_column
        dec b
        jp nz,_column
        ret
