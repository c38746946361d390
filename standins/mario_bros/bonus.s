; A phase of coins: ten of them, twenty seconds, nobody in the way.

.include "game.inc"

COIN_COUNT  = 10
SECONDS     = $20               ; BCD
SECOND      = 60                ; frames

.segment "CODE"

.proc enter_bonus
        lda #COIN_COUNT
        sta COINS_LEFT
        lda #SECONDS
        sta BONUS_TIME
        lda #SECOND
        sta BONUS_FRAMES
        lda #0
        sta PERFECT
        sta COINS
        sta COINS+1
        ldx #COIN_COUNT - 1
        lda #1
:       sta COIN_THERE,x
        dex
        bpl :-
        rts
.endproc

; One frame; carry set when the phase is over.
.proc run_bonus
        ldx #0
        jsr collect
        ldx #PLAYER_2
        jsr collect
        lda COINS_LEFT
        bne :+
        inc PERFECT
        jsr perfect
        sec
        rts
:       dec BONUS_FRAMES
        bne going
        lda #SECOND
        sta BONUS_FRAMES
        lda BONUS_TIME
        sec
        sbc #1
        pha
        and #$0F
        cmp #$0F
        pla
        bcc :+
        sbc #6                  ; decimal
:       sta BONUS_TIME
        jsr print_bonus_time
        lda #SOUND_TICK
        jsr play_sound
        lda BONUS_TIME
        bne going
        sec
        rts
going:  clc
        rts
.endproc

; What player X reaches.
.proc collect
        lda E_ON,x
        beq done
        ldy #COIN_COUNT - 1
each:   lda COIN_THERE,y
        beq next
        lda E_X,x
        sec
        sbc coin_x,y
        clc
        adc #12
        cmp #25
        bcs next
        lda E_Y,x
        sec
        sbc coin_y,y
        clc
        adc #12
        cmp #33
        bcs next
        lda #0
        sta COIN_THERE,y
        dec COINS_LEFT
        stx OTHER
        sty TMP+7
        ldy #0
        cpx #0
        beq :+
        iny
:       lda COINS,y
        clc
        adc #1
        sta COINS,y
        lda #POINTS_800
        jsr add_points
        lda #SOUND_COIN
        jsr play_sound
        ldy TMP+7
next:   dey
        bpl each
done:   rts
.endproc

; All of them: 5000 for everybody who is still there.
.proc perfect
        ldx #0
        jsr one
        ldx #PLAYER_2
one:    lda E_ON,x
        beq done
        stx OTHER
        lda #POINTS_5000
        jmp add_points
done:   rts
.endproc

.proc draw_coins
        ldy #COIN_COUNT - 1
each:   lda COIN_THERE,y
        beq next
        lda coin_x,y
        sec
        sbc #8
        sta PART_X
        lda coin_y,y
        sec
        sbc #17
        sta PART_Y
        lda #0
        sta PART_ATTR
        lda FINE
        and #16
        bne :+
        lda #<coin_a
        sta PTR
        lda #>coin_a
        bne :++
:       lda #<coin_b
        sta PTR
        lda #>coin_b
:       sta PTR+1
        tya
        pha
        jsr draw_shape
        pla
        tay
next:   dey
        bpl each
        rts
.endproc

.segment "RODATA"

coin_x: .byte 60, 196, 80, 176, 128, 16, 240, 40, 216, 128
coin_y: .byte 64, 64, 112, 112, 64, 120, 120, 160, 160, 140
