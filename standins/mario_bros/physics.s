; How things move: speeds are pixels a frame in two bytes, the low one counts 1/256. X is the entity.

.include "game.inc"
.global floor_map, floor_rows

GRAVITY     = $24
FASTEST_FALL = $03
FOOT        = 4                 ; half of what has to be over a floor's edge to stand on it
HEAD        = 22                ; from a player's feet to where its head knocks

.segment "CODE"

; Adds A, signed, to the speed sideways.
.proc accelerate
        ldy #0
        cmp #$80
        bcc :+
        dey
:       clc
        adc E_VX,x
        sta E_VX,x
        tya
        adc E_VX_HIGH,x
        sta E_VX_HIGH,x
        rts
.endproc

; One frame sideways. The screen's sides are one: a byte wraps round.
.proc move_x
        clc
        lda E_X_FINE,x
        adc E_VX,x
        sta E_X_FINE,x
        lda E_X,x
        adc E_VX_HIGH,x
        sta E_X,x
        rts
.endproc

; One frame up or down in the air. Whoever comes down onto a floor stands on it (E_AIR becomes 0); players' heads knock.
.proc move_y
        clc
        lda E_VY,x
        adc #GRAVITY
        sta E_VY,x
        bcc :+
        inc E_VY_HIGH,x
:       lda E_VY_HIGH,x
        bmi :+
        cmp #FASTEST_FALL
        bcc :+
        lda #FASTEST_FALL
        sta E_VY_HIGH,x
        lda #0
        sta E_VY,x
:       lda E_Y,x
        sta TMP+7               ; where the feet were
        clc
        lda E_Y_FINE,x
        adc E_VY,x
        sta E_Y_FINE,x
        lda E_Y,x
        adc E_VY_HIGH,x
        sta E_Y,x
        lda E_VY_HIGH,x
        bmi rising
        lda E_DIR,x
        and #<~DIR_RISING
        ora #DIR_FALLING
        sta E_DIR,x
        lda E_Y,x
        and #$F8
        cmp TMP+7               ; a tile's upper edge between old and new place?
        bcc :+
        jsr supported
        beq :+
        lda E_Y,x
        and #$F8
        sta E_Y,x
        lda #0
        sta E_Y_FINE,x
        sta E_VY,x
        sta E_VY_HIGH,x
        sta E_AIR,x
        lda E_DIR,x
        and #<~(DIR_RISING | DIR_FALLING)
        sta E_DIR,x
        jsr floor_under
:       rts

rising: lda E_DIR,x
        and #<~DIR_FALLING
        ora #DIR_RISING
        sta E_DIR,x
        cpx #FIRST_OTHER
        bcs :+
        lda E_Y,x
        sec
        sbc #HEAD
        bcc :+
        lsr a
        lsr a
        lsr a
        sta TMP+6               ; the head's row
        cmp #ROW_LOW + 1
        bne floors
        lda GONG                ; the gong is two tiles high
        beq floors
        lda E_X,x
        cmp #(GONG_COL * 8) - 5
        bcc floors
        cmp #(GONG_COL * 8) + 21
        bcs floors
        jsr bounce
        jmp strike_gong
floors:
        ldy #2
side:   sty TMP+5
        lda head_sides,y
        clc
        adc E_X,x
        sta TMP+4
        ldy TMP+6
        jsr solid_at
        bne knock
        ldy TMP+5
        dey
        bpl side
:       rts
knock:  jsr bounce
        jmp knock_floor
bounce: lda TMP+6
        asl a
        asl a
        asl a
        clc
        adc #8 + HEAD
        sta E_Y,x
        lda #$60
        sta E_VY,x
        lda #0
        sta E_VY_HIGH,x
        sta E_Y_FINE,x
        rts
head_sides:
        .byte 4, <-4, 0         ; tried from the last to the first: the middle counts most
.endproc

; Whether there is a floor at X coordinate A, row Y: A is not 0. Keeps X.
.proc solid_at
        cpy #ROW_GROUND
        beq ground
        lsr a
        lsr a
        lsr a
        sta TMP
        lda lines,y
        bmi none
        ora TMP
        tay
        lda floor_map,y
        cmp #2
        bne :+
        lda GONG
:       cmp #0
        rts
none:   lda #0
        rts
ground: lda #1
        rts
lines:  .res 8, $80             ; where the row's line begins in the floor map
        .byte 0
        .res 5, $80
        .byte 32, 64
        .res 4, $80
        .byte 96
        .res 11, $80
.endproc

; Whether a floor is under the feet: A is not 0.
.proc supported
        jsr entity_row
        lda E_X,x
        clc
        adc #FOOT
        jsr solid_at
        bne :+
        jsr entity_row
        lda E_X,x
        sec
        sbc #FOOT
        jsr solid_at
:       rts
.endproc

; The row of tiles that the feet stand on, in Y.
.proc entity_row
        lda E_Y,x
        lsr a
        lsr a
        lsr a
        tay
        rts
.endproc

; E_FLOOR becomes the floor that it stands on.
.proc floor_under
        jsr entity_row
        lda #FLOOR_GROUND
        cpy #ROW_GROUND
        beq set
        lda #FLOOR_STUBS
        cpy #ROW_STUBS
        beq set
        lda #FLOOR_TOP
        cpy #ROW_TOP
        beq set
        lda #FLOOR_MIDDLE
        cpy #ROW_MIDDLE
        beq set
        lda E_X,x
        ldy #FLOOR_LOW_LEFT
        cmp #108
        bcc :+
        ldy #FLOOR_GONG
        cmp #148
        bcc :+
        ldy #FLOOR_LOW_RIGHT
:       tya
set:    sta E_FLOOR,x
        rts
.endproc
