; What changes of the floors while they are shown: knocked up and down again, frozen.

.include "game.inc"

.segment "CODE"

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
