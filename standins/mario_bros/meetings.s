; Two that meet face to face turn round.

.include "game.inc"

.segment "CODE"

.proc turn_round
        lda E_DIR,x
        eor #DIR_RIGHT | DIR_LEFT
        sta E_DIR,x
        jmp set_speed
.endproc

.proc run_meetings
        ldx #FIRST_OTHER
first:  jsr can_meet
        bne next
        txa
        clc
        adc #ENTITY_BYTES
        beq done
        tay
second: sty OTHER
        lda E_Y,x
        cmp E_Y,y
        bne other
        stx SAVED_Y
        tya
        tax
        jsr can_meet
        php
        ldx SAVED_Y
        plp
        bne other
        ldy OTHER
        lda E_DIR,x
        lsr a
        bcs right
        lda E_DIR,y             ; this one goes left, the other has to be left of it and go right
        lsr a
        bcc other
        lda E_X,x
        sec
        sbc E_X,y
        jmp close
right:  lda E_DIR,y
        lsr a
        bcs other
        lda E_X,y
        sec
        sbc E_X,x
close:  cmp #15
        bcs other
        jsr turn_round
        stx SAVED_Y
        ldx OTHER
        jsr turn_round
        ldx SAVED_Y
other:  lda OTHER
        clc
        adc #ENTITY_BYTES
        tay
        bne second
next:   txa
        clc
        adc #ENTITY_BYTES
        tax
        bne first
done:   rts

can_meet:                       ; zero: entity X walks on a floor
        lda E_ON,x
        eor #1
        ora E_STATE,x
        ora E_AIR,x
        bne :+
        lda E_ID,x
        eor #ID_COIN
        beq no
        lda E_ID,x
        cmp #ID_WISP
        beq no
        lda #0
:       rts
no:     lda #1
        rts
.endproc
