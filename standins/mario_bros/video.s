; Writing to the picture memory: at once while the screen is dark, through BUFFER while it is shown.

.include "game.inc"

.segment "CODE"

; Dark, and without interrupts, until video_on.
.proc video_off
        lda #0
        sta PPUCTRL
        sta PPUMASK
        sta BUFFER_END
        rts
.endproc

.proc video_on
        lda #%00011110
        sta MASK
:       bit PPUSTATUS
        bpl :-
        lda #%10001000
        sta PPUCTRL
        rts
.endproc

; A high, Y low byte of where PPUDATA writes next.
.proc video_address
        bit PPUSTATUS
        sta PPUADDR
        sty PPUADDR
        rts
.endproc

; All blanks, all of palette 1, no sprites.
.proc clear_screen
        lda #>NAMETABLE
        ldy #0
        jsr video_address
        lda #' '
        ldx #4
        ldy #0
:       sta PPUDATA
        iny
        bne :-
        dex
        bne :-
        lda #>ATTRIBUTES
        ldy #<ATTRIBUTES
        jsr video_address
        ldx #64
        lda #%01010101
:       sta PPUDATA
        dex
        bne :-
        rts
.endproc

; Begins an entry of BUFFER: A high, Y low byte of the address. Keeps X.
.proc buffer_open
        stx SAVED_X
        ldx BUFFER_END
        sta BUFFER,x
        tya
        sta BUFFER+1,x
        inx
        inx
        stx LENGTH_AT
        lda #0
        sta BUFFER,x
        inx
        stx BUFFER_END
        ldx SAVED_X
        rts
.endproc

; A is its next byte. Keeps X and Y.
.proc buffer_put
        stx SAVED_X
        ldx BUFFER_END
        sta BUFFER,x
        inc BUFFER_END
        ldx LENGTH_AT
        inc BUFFER,x
        ldx SAVED_X
        rts
.endproc

; The picture at PTR (width, height, tiles), its upper left corner at TMP (high), TMP+1 (low); the screen is dark.
.proc draw_picture
        ldy #0
        lda (PTR),y
        sta TMP+2
        iny
        lda (PTR),y
        sta TMP+3
        iny
row:    lda TMP
        sta PPUADDR
        lda TMP+1
        sta PPUADDR
        ldx TMP+2
:       lda (PTR),y
        sta PPUDATA
        iny
        bne :+
        inc PTR+1
:       dex
        bne :--
        clc
        lda TMP+1
        adc #32
        sta TMP+1
        bcc :+
        inc TMP
:       dec TMP+3
        bne row
        rts
.endproc

; 32 colours from PTR; the screen is dark.
.proc set_palette
        lda #>PALETTE
        ldy #0
        jsr video_address
:       lda (PTR),y
        sta PPUDATA
        iny
        cpy #32
        bne :-
        rts
.endproc

; The text at PTR: high, low byte of the address, letters, 0. It goes through BUFFER.
.proc print
        ldy #1
        lda (PTR),y
        sta TMP
        dey
        lda (PTR),y
        ldy TMP
        jsr buffer_open
        ldy #2
:       lda (PTR),y
        beq :+
        jsr buffer_put
        iny
        bne :-
:       rts
.endproc
