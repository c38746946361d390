; The arena: floors, pipes, gong, and the numbers above it.

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

; Player Y's floor is knocked up: three tiles half a tile higher. Keeps X.
.proc show_knock
        lda #KNOCKED_TOP
        sta TMP+2
        lda #KNOCKED
        bne draw_knock
.endproc

; And down again.
.proc hide_knock
        lda #' '
        sta TMP+2
        lda #FLOOR
.endproc

.proc draw_knock
        sta TMP+3
        lda KNOCK_COL,y
        sta TMP+4
        lda KNOCK_ROW,y
        sta TMP+5
        sty TMP+6
        stx TMP+7
        lda #3
        sta TMP+1
next:   lda TMP+4
        and #31
        sta TMP+4
        asl a
        asl a
        asl a
        ldy TMP+5
        jsr solid_at            ; only where there is a floor
        beq skip
        lda TMP+5
        cmp #ROW_TOP            ; the pipes stand on the top floor: nothing shows above it there
        bne above
        lda TMP+4
        cmp #4
        bcc below
        cmp #28
        bcs below
above:  ldx TMP+5
        dex
        lda TMP+2
        jsr one
below:  ldx TMP+5
        lda TMP+3
        jsr one
skip:   inc TMP+4
        dec TMP+1
        bne next
        ldx TMP+7
        ldy TMP+6
        rts

one:    pha                     ; tile A at row X, column TMP+4
        txa
        jsr split_row
        sta TMP
        tya
        ora TMP+4
        tay
        lda TMP
        jsr buffer_open
        pla
        jmp buffer_put
.endproc

; Floor A (1 to 3) gets the colours of ice. Keeps X.
.proc freeze_floor
        stx TMP
        asl a
        asl a
        asl a
        tax
        lda #>ATTRIBUTES
        ldy icy,x
        jsr buffer_open
        ldy icy+1,x
        inx
        inx
:       lda icy,x
        jsr buffer_put
        inx
        dey
        bne :-
        ldx TMP
        rts
icy:    .res 8                  ; low byte of the address, how many, palettes
        .byte $E8, 3, %10101111, %01011111, %01011111, 0, 0, 0
        .byte $ED, 3, %01011111, %01011111, %10101111, 0, 0, 0
        .byte $DA, 4, %11110101, %11110101, %11110101, %11110101, 0, 0
.endproc

; What changed of scores and lives.
.proc draw_hud
        lsr HUD_DIRTY
        bcc :+
        lda #<(NAMETABLE + 2 * 32 + 4)
        ldx #5
        jsr number
:       lsr HUD_DIRTY
        bcc :+
        lda MODE
        cmp #2
        bcc :+
        lda #<(NAMETABLE + 2 * 32 + 25)
        ldx #9
        jsr number
:       lsr HUD_DIRTY
        bcc :+
        lda #<(NAMETABLE + 2 * 32 + 15)
        ldx #1
        jsr number
:       lsr HUD_DIRTY
        bcc done
        lda #0
        sta HUD_DIRTY
        lda #<names
        sta PTR
        lda #>names
        sta PTR+1
        jsr print
        lda #<best
        sta PTR
        lda #>best
        sta PTR+1
        jsr print
        lda #<(NAMETABLE + 3 * 32 + 4)
        ldx LIVES
        jsr heads
        lda MODE
        cmp #2
        bcc done
        lda #<second
        sta PTR
        lda #>second
        sta PTR+1
        jsr print
        lda #<(NAMETABLE + 3 * 32 + 25)
        ldx LIVES_2
        jmp heads
done:   rts

number: tay                     ; six digits of SCORES+X at low byte A of the picture's first page
        lda #>NAMETABLE
        jsr buffer_open
        ldy #3
:       lda SCORES,x
        lsr a
        lsr a
        lsr a
        lsr a
        ora #'0'
        jsr buffer_put
        lda SCORES,x
        and #$0F
        ora #'0'
        jsr buffer_put
        inx
        dey
        bne :-
        rts

heads:  tay                     ; up to six lives in reserve
        lda #>NAMETABLE
        jsr buffer_open
        ldy #6
:       dex
        bmi :+
        beq :+
        lda #LIFE
        bne :++
:       ldx #0
        lda #' '
:       jsr buffer_put
        dey
        bne :---
        rts
names:  .byte >(NAMETABLE + 2 * 32 + 2), <(NAMETABLE + 2 * 32 + 2), "I", 0
best:   .byte >(NAMETABLE + 2 * 32 + 11), <(NAMETABLE + 2 * 32 + 11), "TOP", 0
second: .byte >(NAMETABLE + 2 * 32 + 22), <(NAMETABLE + 2 * 32 + 22), "II", 0
.endproc

; PHASE and its number in the ground.
.proc print_phase
        lda #<text
        sta PTR
        lda #>text
        sta PTR+1
        jsr print
        lda LEVEL_SHOWN
.endproc

; The two digits of A go on in BUFFER.
.proc two_digits
        pha
        lsr a
        lsr a
        lsr a
        lsr a
        ora #'0'
        jsr buffer_put
        pla
        and #$0F
        ora #'0'
        jmp buffer_put
.endproc
text:   .byte >(NAMETABLE + 27 * 32 + 12), <(NAMETABLE + 27 * 32 + 12), "PHASE ", 0

.proc print_bonus_time
        lda #<time
        sta PTR
        lda #>time
        sta PTR+1
        jsr print
        lda BONUS_TIME
        jmp two_digits
time:   .byte >(NAMETABLE + 5 * 32 + 12), <(NAMETABLE + 5 * 32 + 12), "TIME ", 0
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
