; A player and something else in the same place: it is kicked, taken, or the end of the player.

.include "game.inc"

TOUCH_X     = 11                ; middles nearer than this touch
CHAIN_FRAMES = 100              ; another kick within these is worth more

.segment "CODE"

.proc run_touch
        ldy #1                  ; how long a chain of kicks lasts
:       lda CHAIN_TIME,y
        beq :+
        sec
        sbc #1
        sta CHAIN_TIME,y
:       dey
        bpl :--
        ldy #0
        jsr touches
        ldy #PLAYER_2
.endproc

; Player Y with everybody.
.proc touches
        lda E_ON,y
        beq done
        lda E_STATE,y
        bne done                ; dying, or safe on the lift
        sty OTHER
        ldx #FIRST_OTHER
each:   lda E_ON,x
        beq next
        jsr near
        bcs next
        jsr touch
        ldy OTHER
        lda E_STATE,y
        bne done
next:   txa
        clc
        adc #ENTITY_BYTES
        tax
        bne each
done:   rts

near:   lda E_X,y               ; carry clear: player Y and entity X overlap
        sec
        sbc E_X,x
        bpl :+
        eor #$FF
        adc #1
:       cmp #TOUCH_X
        bcs :+
        lda E_Y,y               ; the player's feet from 10 above to 18 below those of the other
        sec
        sbc E_Y,x
        clc
        adc #10
        cmp #29
:       rts
.endproc

; Player OTHER and entity X.
.proc touch
        lda E_STATE,x
        cmp #EN_KICKED
        beq done
        cmp #EN_EMERGES         ; in a pipe nobody is dangerous
        beq done
        cmp #EN_ENTERS
        beq done
        cmp #EN_FLIPPED
        beq kick
        lda E_ID,x
        cmp #ID_COIN
        beq take
        stx SAVED_Y
        ldx OTHER
        jsr kill_player
        ldx SAVED_Y
done:   rts

take:   lda #POINTS_800
        jsr add_points
        lda #SOUND_COIN
        jsr play_sound
        jmp remove_entity

kick:   lda #EN_KICKED
        sta E_STATE,x
        lda E_ATTR,x            ; it falls behind everything
        ora #BEHIND
        sta E_ATTR,x
        lda #0
        sta E_VY,x
        sta E_VX,x
        lda #$FE
        sta E_VY_HIGH,x
        ldy OTHER               ; the way the player goes
        lda E_DIR,y
        lsr a
        lda #1
        bcs :+
        lda #$FF
:       sta E_VX_HIGH,x
        cpy #0
        beq :+
        ldy #1
:       lda CHAIN_TIME,y
        beq first
        lda CHAIN,y
        cmp #3
        bcs same
        adc #1
        bne set
first:  lda #0
set:    sta CHAIN,y
same:   lda #CHAIN_FRAMES
        sta CHAIN_TIME,y
        lda CHAIN,y
        tay
        lda worth,y
        jsr add_points
        lda #SOUND_KICK
        jmp play_sound
worth:  .byte POINTS_800, POINTS_1600, POINTS_2400, POINTS_3200
.endproc
