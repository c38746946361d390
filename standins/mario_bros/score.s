; Points, in decimal digits, and the numbers that float where they were won.

.include "game.inc"

EXTRA_AT    = $02               ; ten thousands: an extra life for these
POPUP_FRAMES = 44

.segment "CODE"

; Players' scores become 0. The best one stays; at power-on it is 0 like all memory.
.proc clear_scores
        ldx #7
        lda #0
:       sta SCORES+4,x
        dex
        bpl :-
        sta EXTRA_GIVEN
        sta EXTRA_GIVEN+1
        rts
.endproc

; POINTS_... A for player OTHER; a number floats at entity X. Keeps X and Y.
.proc add_points
        sta TMP+4
        txa
        pha
        tya
        pha
        jsr popup
        ldx TMP+4
        ldy #5
        lda OTHER
        beq :+
        ldy #9
:       lda low,x
        sta TMP
        lda SCORES+2,y
        clc
        jsr add_digits
        sta SCORES+2,y
        lda middle,x
        sta TMP
        lda SCORES+1,y
        jsr add_digits
        sta SCORES+1,y
        lda #0
        sta TMP
        lda SCORES,y
        jsr add_digits
        sta SCORES,y
        ldx #0
        cpy #5
        beq :+
        inx
:       lda bits,x
        ora HUD_DIRTY
        sta HUD_DIRTY
        lda SCORES,y
        cmp #EXTRA_AT
        bcc :+
        lda EXTRA_GIVEN,x
        bne :+
        jsr extra_life
:       sec                     ; better than the best?
        lda SCORES+3
        sbc SCORES+2,y
        lda SCORES+2
        sbc SCORES+1,y
        lda SCORES+1
        sbc SCORES,y
        bcs :+
        lda SCORES,y
        sta SCORES+1
        lda SCORES+1,y
        sta SCORES+2
        lda SCORES+2,y
        sta SCORES+3
        lda HUD_DIRTY
        ora #4
        sta HUD_DIRTY
:       pla
        tay
        pla
        tax
        rts
bits:   .byte 1, 2
low:    .byte $10, 0, 0, 0, 0, 0, 0, 0, 0
middle: .byte 0, $02, $05, $08, $10, $16, $24, $32, $50
.endproc

; A + TMP + carry, two decimal digits; carry is the third. Keeps X and Y.
.proc add_digits
        sta TMP+1
        and #$0F
        sta TMP+2
        lda TMP
        and #$0F
        adc TMP+2
        cmp #10
        bcc :+
        sbc #10
:       sta TMP+2
        lda TMP+1
        and #$F0
        sta TMP+3
        lda TMP
        and #$F0
        bcc :+
        adc #$0F
:       adc TMP+3
        bcs over
        cmp #$A0
        bcc done
over:   sbc #$A0
        sec
done:   php
        ora TMP+2
        plp
        rts
.endproc

; Player X (0 or 1) has one more.
.proc extra_life
        lda #1
        sta EXTRA_GIVEN,x
        tya
        pha
        txa
        asl a
        asl a
        tay
        lda LIVES,y
        clc
        adc #1
        sta LIVES,y
        pla
        tay
        lda HUD_DIRTY
        ora #8
        sta HUD_DIRTY
        lda #SOUND_EXTRA
        jmp play_sound
.endproc

; POINTS_... TMP+4 floats at entity X. The least and the most don't.
.proc popup
        ldy TMP+4
        beq done
        cpy #POINTS_5000
        bcs done
        ldy #3
:       lda POPUP_TIME,y
        beq free
        dey
        bne :-
free:   lda #POPUP_FRAMES
        sta POPUP_TIME,y
        lda E_X,x
        sec
        sbc #8
        sta POPUP_X,y
        lda E_Y,x
        sec
        sbc #24
        sta POPUP_Y,y
        lda TMP+4
        sta POPUP_KIND,y
done:   rts
.endproc

.proc run_popups
        ldx #3
each:   lda POPUP_TIME,x
        beq next
        dec POPUP_TIME,x
        lsr a
        bcc :+
        dec POPUP_Y,x
:       lda POPUP_X,x
        sta PART_X
        lda POPUP_Y,x
        sta PART_Y
        lda #0
        sta PART_ATTR
        ldy POPUP_KIND,x
        lda shapes_low,y
        sta PTR
        lda shapes_high,y
        sta PTR+1
        jsr draw_shape
next:   dex
        bpl each
        rts
.define shapes 0, points_200, points_500, points_800, points_1000, points_1600, points_2400, points_3200
shapes_low:
        .lobytes shapes
shapes_high:
        .hibytes shapes
.endproc
