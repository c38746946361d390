; Hardware sprites: entities, numbers that float, coins. Each shape is a table of tiles made from art/.

.include "game.inc"

.segment "CODE"

; All hardware sprites are free. Which is filled first changes every frame, so that more than eight in a line flicker.
.proc begin_sprites
        ldx #0
        lda #$F8
:       sta OAM,x
        inx
        inx
        inx
        inx
        bne :-
        lda ROTATE
        clc
        adc #$4C
        sta ROTATE
        sta OAM_AT
        rts
.endproc


; The shape at PTR, its upper left corner at PART_X, PART_Y, with PART_ATTR. Keeps X.
.proc draw_shape
        stx SAVED_X
        ldy #0
        lda (PTR),y
        sta TMP
        iny
part:   ldx OAM_AT
        lda (PTR),y
        clc
        adc PART_X
        sta OAM+3,x
        iny
        lda (PTR),y
        bit PART_ATTR           ; upside down all shapes are 16 high
        bpl :+
        eor #8
:       clc
        adc PART_Y
        sta OAM,x
        iny
        lda (PTR),y
        sta OAM+1,x
        iny
        lda PART_ATTR
        sta OAM+2,x
        txa
        clc
        adc #4
        sta OAM_AT
        dec TMP
        bne part
        ldx SAVED_X
        rts
.endproc

.proc draw_entities
        ldx #0
next:   lda E_ON,x
        beq :+
        jsr draw_entity
:       txa
        clc
        adc #ENTITY_BYTES
        tax
        bne next
        rts
.endproc

.proc draw_entity
        lda E_ATTR,x
        sta PART_ATTR
        lda E_X,x
        sec
        sbc #8
        sta PART_X
        cpx #FIRST_OTHER
        bcs other
        lda E_STATE,x
        cmp #PL_LIFT
        bne :+
        lda FINE                ; it blinks while it is safe
        and #4
        beq lift
:       ldy E_FRAME,x
        lda E_DIR,x
        and #DIR_LEFT
        beq :+
        tya
        clc
        adc #moles_left - moles
        tay
        lda PART_ATTR
        ora #FLIP_H
        sta PART_ATTR
:       lda moles,y
        sta PTR
        lda moles_high,y
        sta PTR+1
        lda E_Y,x
        sec
        sbc #25                 ; hardware sprites appear a line late
        sta PART_Y
        jsr draw_shape
        lda E_STATE,x
        cmp #PL_LIFT
        beq lift
        rts
lift:   lda #<::lift
        sta PTR
        lda #>::lift
        sta PTR+1
        lda #0
        sta PART_ATTR
        lda E_Y,x
        sec
        sbc #1
        sta PART_Y
        jmp draw_shape

other:  lda E_Y,x
        sec
        sbc #17
        sta PART_Y
        lda E_ID,x              ; $10 snail, $20 beetle ... $B0 wisp
        lsr a
        lsr a
        lsr a
        sta TMP
        lda E_FRAME,x
        and #1
        ora TMP
        tay
        lda E_DIR,x
        and #DIR_LEFT
        beq :+
        lda can_turn,y
        beq :+
        lda PART_ATTR
        ora #FLIP_H
        sta PART_ATTR
        lda left_low,y
        sta PTR
        lda left_high,y
        sta PTR+1
        jmp draw_shape
:       lda right_low,y
        sta PTR
        lda right_high,y
        sta PTR+1
        jmp draw_shape
.endproc

.segment "RODATA"

.define right mole_stand, mole_walk_a, mole_walk_b, mole_skid, mole_jump, mole_dead
.define left mole_stand_mirrored, mole_walk_a_mirrored, mole_walk_b_mirrored, mole_skid_mirrored, mole_jump_mirrored, mole_dead_mirrored
moles:  .lobytes right
moles_left:
        .lobytes left
moles_high:
        .hibytes right
        .hibytes left
.undefine right
.undefine left

; Two pictures for each id of sixteen.
.define right coin_a, coin_b, snail_a, snail_b, beetle_a, beetle_b, cricket_a, cricket_b, coin_a, coin_b
.define left coin_a, coin_b, snail_a_mirrored, snail_b_mirrored, beetle_a_mirrored, beetle_b_mirrored, cricket_a_mirrored, cricket_b_mirrored, coin_a, coin_b
.define right_more freezie_a, freezie_b, coin_a, coin_b, coin_a, coin_b, wisp_a, wisp_b
.define left_more freezie_a_mirrored, freezie_b_mirrored, coin_a, coin_b, coin_a, coin_b, wisp_a, wisp_b
right_low:
        .lobytes right
        .res 6, 0
        .lobytes right_more
right_high:
        .hibytes right
        .res 6, 0
        .hibytes right_more
left_low:
        .lobytes left
        .res 6, 0
        .lobytes left_more
left_high:
        .hibytes left
        .res 6, 0
        .hibytes left_more
can_turn:
        .byte 0,0, 1,1, 1,1, 1,1, 0,0, 0,0, 0,0, 0,0, 1,1, 0,0, 0,0, 0,0
