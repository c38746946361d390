; Floors knocked from below, and the gong. Whatever stands there learns of it.

.include "game.inc"

KNOCK_FRAMES = 12
REACH       = 16                ; pixels left and right of the head
FLIP_QUARTERS = 112             ; four frames each
HOP         = $10000 - $240     ; how an enemy is thrown up

.segment "CODE"

; Player X's head has met a floor at X coordinate TMP+4, row TMP+6.
.proc knock_floor
        lda TMP+6
        cmp #ROW_GROUND
        bcs done
        sta KNOCK_AT
        lda TMP+4
        sta KNOCK_X
        stx OTHER               ; who knocks
        ldy #0
        cpx #0
        beq :+
        iny
:       lda KNOCK_TIME,y
        beq :+
        jsr hide_knock          ; the last one is not down yet
:       lda KNOCK_AT
        sta KNOCK_ROW,y
        lda KNOCK_X
        lsr a
        lsr a
        lsr a
        sec
        sbc #1
        sta KNOCK_COL,y
        lda #KNOCK_FRAMES
        sta KNOCK_TIME,y
        jsr show_knock
        lda #SOUND_KNOCK
        jsr play_sound
        ldx #FIRST_OTHER
each:   jsr knock_entity
        txa
        clc
        adc #ENTITY_BYTES
        tax
        bne each
        lda OTHER               ; the other player may be lifted
        eor #PLAYER_2
        tax
        jsr lift_player
        ldx OTHER
done:   rts
.endproc

; Entity X, if it stands where the floor was knocked.
.proc knock_entity
        lda E_ON,x
        beq done
        lda E_ID,x
        cmp #ID_WISP
        beq wisp
        lda E_AIR,x
        bne done
        lda E_Y,x
        lsr a
        lsr a
        lsr a
        cmp KNOCK_AT
        bne done
near:   lda E_X,x
        sec
        sbc KNOCK_X
        sta TMP+4               ; it stands to the right of the head by so much
        bpl :+
        eor #$FF
        clc
        adc #1
:       cmp #REACH
        bcs done
        jmp hit
wisp:   lda KNOCK_AT     ; only when it is about to touch the floor
        asl a
        asl a
        asl a
        sec
        sbc E_Y,x
        cmp #10
        bcc near
done:   rts
.endproc

; Entity X is thrown up from below; TMP+4 says which way. OTHER is the player who did it.
.proc hit
        lda E_ID,x
        cmp #ID_COIN
        jeq take_coin
        cmp #ID_FREEZIE
        beq burst
        cmp #ID_WISP
        beq quench
        lda E_STATE,x
        beq walks
        cmp #EN_FLIPPED
        bne done
        jsr throw               ; it gets back on its feet
        lda #EN_WALKS
        sta E_STATE,x
        jmp set_speed
walks:  jsr throw
        lda #SOUND_FLIP
        jsr play_sound
        lda E_ID,x
        cmp #ID_BEETLE
        bne flip
        lda E_COUNT,x           ; beetles only get angry the first time
        bne flip
        inc E_COUNT,x
        inc E_ANGER,x
        jmp set_speed
flip:   lda #0
        sta E_COUNT,x
        lda #EN_FLIPPED
        sta E_STATE,x
        lda #FLIP_QUARTERS
        sta E_FLIP,x
        lda E_ATTR,x
        ora #FLIP_V
        sta E_ATTR,x
        lda #POINTS_10
        jmp add_points
burst:  lda #POINTS_500
        bne gone
quench: lda E_STATE,x
        cmp #EN_BOUNCES
        beq :+
        lda #POINTS_200
        bne gone
:       lda #POINTS_1000
gone:   jsr add_points
        lda #SOUND_FLIP
        jsr play_sound
        jmp remove_entity
done:   rts
.endproc

.proc take_coin
        lda #POINTS_800
        jsr add_points
        lda #SOUND_COIN
        jsr play_sound
        jmp remove_entity
.endproc

; Up it goes, and to the side that it stood on.
.proc throw
        lda #<HOP
        sta E_VY,x
        lda #>HOP
        sta E_VY_HIGH,x
        lda #1
        sta E_AIR,x
        lda #$60
        ldy TMP+4
        bpl :+
        lda #<-$60
:       sta E_VX,x
        lda #0
        cpy #$80
        bcc :+
        lda #$FF
:       sta E_VX_HIGH,x
        rts
.endproc

; Player X, if it stands on the knocked floor, goes up with it.
.proc lift_player
        lda E_ON,x
        beq done
        lda E_AIR,x
        ora E_STATE,x
        bne done
        lda E_Y,x
        lsr a
        lsr a
        lsr a
        cmp KNOCK_AT
        bne done
        lda E_X,x
        sec
        sbc KNOCK_X
        bpl :+
        eor #$FF
        clc
        adc #1
:       cmp #REACH
        bcs done
        lda #<HOP
        sta E_VY,x
        lda #>HOP
        sta E_VY_HIGH,x
        lda #1
        sta E_AIR,x
done:   rts
.endproc

; Player X strikes the gong: everything that stands anywhere is hit.
.proc strike_gong
        stx OTHER
        dec GONG
        lda #24
        sta SHAKE
        lda #SOUND_GONG
        jsr play_sound
        jsr draw_gong
        ldx #FIRST_OTHER
each:   lda E_ON,x
        beq next
        lda E_AIR,x
        bne next
        lda E_STATE,x
        cmp #EN_FREEZES + 1
        bcs next
        cmp #EN_KICKED
        beq next
        cmp #EN_EMERGES
        beq next
        cmp #EN_ENTERS
        beq next
        jsr random
        sta TMP+4
        jsr hit
next:   txa
        clc
        adc #ENTITY_BYTES
        tax
        bne each
        ldx OTHER
        rts
.endproc

; Knocked floors come down again, the picture stops shaking.
.proc run_knocks
        lda SHAKE
        beq :+
        dec SHAKE
:       ldy #1
each:   lda KNOCK_TIME,y
        beq next
        sec
        sbc #1
        sta KNOCK_TIME,y
        bne next
        jsr hide_knock
next:   dey
        bpl each
        rts
.endproc
