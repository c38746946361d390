; The arena: floors, pipes and gong, as a phase begins.

.include "game.inc"

.segment "CODE"

; Everything of a phase, on a dark screen.
.proc draw_arena
        jsr clear_screen
        lda #<colours
        sta PTR
        lda #>colours
        sta PTR+1
        jsr set_palette
        jsr floor_colours
        jsr attributes
        ldx #0                  ; floors
floors: lda floor_rows,x
        jsr row_address
        txa
        asl a
        asl a
        asl a
        asl a
        asl a
        tay
        lda #32
        sta TMP+4
column: lda floor_map,y
        beq blank
        cmp #2
        beq blank
        lda #FLOOR
        cpx #4
        bne :+
        lda #GROUND
:       bne put
blank:  lda #' '
put:    sta PPUDATA
        iny
        dec TMP+4
        bne column
        inx
        cpx #5
        bne floors
        ldx #96                 ; below the ground
        lda #EARTH
:       sta PPUDATA
        dex
        bne :-
        ldx #0
pipes:  lda pipe_at,x
        sta TMP
        lda pipe_at+1,x
        sta TMP+1
        lda pipe_at+2,x
        sta PTR
        lda pipe_at+3,x
        sta PTR+1
        txa
        pha
        jsr draw_picture
        pla
        clc
        adc #4
        tax
        cpx #16
        bne pipes
        jsr gong_picture
        lda #>(NAMETABLE + ROW_LOW * 32 + GONG_COL)
        sta TMP
        lda #<(NAMETABLE + ROW_LOW * 32 + GONG_COL)
        sta TMP+1
        jsr draw_picture
        lda #$FF
        sta HUD_DIRTY
        rts
.endproc

; The palette of floors changes with the phase.
.proc floor_colours
        lda #>(PALETTE + 5)
        ldy #<(PALETTE + 5)
        jsr video_address
        lda LEVEL
        and #3
        sta TMP
        asl a
        adc TMP
        tax
        ldy #3
:       lda tints,x
        sta PPUDATA
        inx
        dey
        bne :-
        rts
tints:  .byte $06,$16,$27, $07,$17,$28, $0C,$1C,$2C, $04,$14,$24
.endproc

; Palettes of the background, two by two tiles: floors have 1, pipes 2, the gong 3, the numbers 0.
.proc attributes
        lda #>ATTRIBUTES
        ldy #<ATTRIBUTES
        jsr video_address
        ldx #0
:       lda parts,x
        sta PPUDATA
        inx
        cpx #64
        bne :-
        rts
parts:  .res 8, %00000000
        .byte %10101010, %01010101, %01010101, %01010101, %01010101, %01010101, %01010101, %10101010
        .res 8, %01010101
        .res 8, %01010101
        .res 8, %01010101
        .byte %10100101, %01010101, %01010101, %01011101, %01010111, %01010101, %01010101, %10100101
        .byte %01011010, %01010101, %01010101, %01010101, %01010101, %01010101, %01010101, %01011010
        .res 8, %01010101
.endproc

; A is a row of tiles: the picture memory's address is that of its left end. Keeps X.
.proc row_address
        jsr split_row
        jmp video_address
.endproc

; A is a row of tiles; A and Y become high and low byte of its left end. Keeps X.
.proc split_row
        pha
        asl a
        asl a
        asl a
        asl a
        asl a
        tay
        pla
        lsr a
        lsr a
        lsr a
        ora #>NAMETABLE
        rts
.endproc

; PTR becomes the picture of the gong as it is.
.proc gong_picture
        lda GONG
        asl a
        tay
        lda pictures,y
        sta PTR
        lda pictures+1,y
        sta PTR+1
        rts
pictures:
        .word gong_0, gong_1, gong_2, gong_3
.endproc

; The same, on a shown screen.
.proc draw_gong
        jsr gong_picture
        lda #>(NAMETABLE + ROW_LOW * 32 + GONG_COL)
        ldy #<(NAMETABLE + ROW_LOW * 32 + GONG_COL)
        jsr buffer_open
        ldy #2
        jsr two
        lda #>(NAMETABLE + (ROW_LOW + 1) * 32 + GONG_COL)
        ldy #<(NAMETABLE + (ROW_LOW + 1) * 32 + GONG_COL)
        jsr buffer_open
        ldy #4
two:    lda (PTR),y
        jsr buffer_put
        iny
        lda (PTR),y
        jmp buffer_put
.endproc

.segment "RODATA"

colours:
        .byte $0F,$16,$27,$30, $0F,$07,$17,$28, $0F,$09,$1A,$2A, $0F,$02,$11,$31
        .byte $0F,$17,$36,$28, $0F,$12,$36,$2C, $0F,$19,$37,$29, $0F,$06,$37,$16

.global floor_rows, floor_map
floor_rows:
        .byte ROW_TOP, ROW_MIDDLE, ROW_STUBS, ROW_LOW, ROW_GROUND
floor_map:                      ; a line for each of these rows, a byte for each column: 1 floor, 2 gong
        .res 14, 1
        .res 4, 0
        .res 14, 1
        .res 8, 0
        .res 16, 1
        .res 8, 0
        .res 4, 1
        .res 24, 0
        .res 4, 1
        .res 12, 1
        .res 3, 0
        .res 2, 2
        .res 3, 0
        .res 12, 1
        .res 32, 1

pipe_at:                        ; where each stands, and its picture
        .byte >(NAMETABLE + 5 * 32), <(NAMETABLE + 5 * 32)
        .word pipe_left
        .byte >(NAMETABLE + 5 * 32 + 28), <(NAMETABLE + 5 * 32 + 28)
        .word pipe_right
        .byte >(NAMETABLE + 23 * 32), <(NAMETABLE + 23 * 32)
        .word pipe_left
        .byte >(NAMETABLE + 23 * 32 + 28), <(NAMETABLE + 23 * 32 + 28)
        .word pipe_right
