; Snails, beetles and crickets: they walk, meet, fall, lie on their backs, are kicked, and come and go through the pipes.

.include "game.inc"

PIPE_LEFT   = 18                ; on the ground they enter a pipe beyond these
PIPE_RIGHT  = 238
OUT_LEFT    = 40                ; and have come out of one at these
OUT_RIGHT   = 216
CRICKET_RESTS = 26              ; frames between two leaps
LEAP        = $10000 - $1D0

.segment "CODE"

.proc run_enemies
        ldx #FIRST_OTHER
each:   lda E_ON,x
        beq next
        jsr run_entity
next:   txa
        clc
        adc #ENTITY_BYTES
        tax
        bne each
        jmp run_meetings
.endproc

.proc run_entity
        lda E_ID,x
        cmp #ID_WISP
        jeq run_wisp
        lda E_STATE,x
        asl a
        tay
        lda table+1,y
        pha
        lda table,y
        pha
        lda E_X,x               ; its picture, for whoever walks
        lsr a
        lsr a
        and #1
        sta E_FRAME,x
        rts
table:  .word walks-1, flipped-1, kicked-1, emerges-1, enters-1, run_freezie-1

walks:  lda E_ID,x
        cmp #ID_FREEZIE
        beq freezie
        cmp #ID_COIN
        bne :+
        jsr run_coin
        jmp move
freezie:
        jsr run_freezie
        lda E_ON,x
        beq done
        lda E_STATE,x
        bne done
        beq move
:       cmp #ID_CRICKET
        beq leaps
move:   jsr move_x
        lda E_AIR,x
        bne fall
        jsr supported
        beq edge
at_pipe:
        jsr floor_under
        bne done                ; not on the ground
        lda E_DIR,x
        lsr a
        bcs right
        lda E_X,x
        cmp #PIPE_LEFT
        bcs done
        bcc enter
right:  lda E_X,x
        cmp #PIPE_RIGHT
        bcc done
enter:  lda #EN_ENTERS
        sta E_STATE,x
behind: lda E_ATTR,x
        ora #BEHIND
        sta E_ATTR,x
done:   rts
edge:   lda #1
        sta E_AIR,x
        lda #0
        sta E_VY,x
        sta E_VY_HIGH,x
        rts
fall:   jsr move_y
        lda E_AIR,x
        bne done
        jmp set_speed

leaps:  lda E_AIR,x
        bne flies
        lda #0
        sta E_FRAME,x
        dec E_TIMER,x
        bpl at_pipe
        lda #CRICKET_RESTS
        sta E_TIMER,x
        lda #<LEAP
        sta E_VY,x
        lda #>LEAP
        sta E_VY_HIGH,x
        lda #1
        sta E_AIR,x
        jmp set_speed
flies:  lda #1
        sta E_FRAME,x
        jsr move_x
        jmp move_y

flipped:
        lda FINE                ; it kicks its legs, faster towards the end
        lsr a
        lsr a
        ldy E_FLIP,x
        cpy #28
        bcc :+
        lsr a
:       and #1
        sta E_FRAME,x
        lda E_AIR,x
        beq :+
        jsr move_x
        jsr move_y
:       lda FINE
        and #3
        bne :+
        dec E_FLIP,x
        bne :+
        lda #EN_WALKS           ; up again, and angrier
        sta E_STATE,x
        lda E_ANGER,x
        cmp #2
        bcs :++
        inc E_ANGER,x
        bne :++
:       rts
:       jmp set_speed

kicked: jsr move_x
        lda E_VY,x              ; through the floors
        clc
        adc #$24
        sta E_VY,x
        bcc :+
        inc E_VY_HIGH,x
:       lda E_Y,x
        clc
        adc E_VY_HIGH,x
        sta E_Y,x
        lda E_VY_HIGH,x
        bmi :+
        lda E_Y,x
        cmp #240
        bcc :+
        dec ENEMIES
        jsr last_one
        lda #ID_COIN            ; a coin for it
        ldy #0
        jsr queue_put
        jmp remove_entity
:       rts

emerges:
        jsr move_x
        lda E_DIR,x
        lsr a
        lda E_X,x
        bcs :+
        cmp #OUT_RIGHT + 1
        bcc out
        rts
:       cmp #OUT_LEFT
        bcs out
        rts
out:    lda #EN_WALKS
        sta E_STATE,x
        lda E_ATTR,x
        and #<~BEHIND
        sta E_ATTR,x
        rts

enters: jsr move_x
        lda E_DIR,x
        lsr a
        lda E_X,x
        bcs :+
        cmp #6
        bcc in
        rts
:       cmp #250
        bcs in
        rts
in:     lda E_ID,x
        cmp #ID_COIN
        bcs :+                  ; coins and freezies do not come back
        ldy E_ANGER,x
        jsr queue_put
:       jmp remove_entity
.endproc

.proc remove_entity
        lda #0
        sta E_ON,x
        sta E_ID,x
        rts
.endproc

; The last enemy left runs, wherever it is. Keeps X.
.proc last_one
        lda ENEMIES
        cmp #1
        bne done
        txa
        pha
        lda #2
        sta QUEUE_ANGER
        ldx #FIRST_OTHER
each:   lda E_ON,x
        beq next
        lda E_ID,x
        cmp #ID_COIN
        bcs next
        lda E_STATE,x
        cmp #EN_KICKED
        beq next
        lda #2
        sta E_ANGER,x
        lda E_STATE,x
        cmp #EN_FLIPPED
        beq next
        jsr set_speed
next:   txa
        clc
        adc #ENTITY_BYTES
        tax
        bne each
        pla
        tax
done:   rts
.endproc

; Entity X's speed by kind, anger and phase, in its direction; and the palette of its anger.
.proc set_speed
        lda E_ID,x
        lsr a
        lsr a
        lsr a
        lsr a
        tay
        lda kinds,y
        clc
        adc E_ANGER,x
        tay
        lda speeds,y
        clc
        adc HASTE
        sta E_VX,x
        lda #0
        sta E_VX_HIGH,x
        lda E_DIR,x
        lsr a
        bcs :+
        lda #0
        sec
        sbc E_VX,x
        sta E_VX,x
        lda #$FF
        sta E_VX_HIGH,x
:       lda E_ID,x
        cmp #ID_COIN
        bcs :+
        ldy E_ANGER,x
        lda E_ATTR,x
        and #BEHIND
        ora palettes,y
        sta E_ATTR,x
:       rts
kinds:  .byte 0, 0, 3, 6, 9, 9, 9, 9, 12
speeds: .byte $58, $88, $C0     ; snails
        .byte $68, $A0, $D0     ; beetles
        .byte $80, $98, $B0     ; crickets
        .byte $80, $80, $80     ; coins
        .byte $60               ; freezies
palettes:
        .byte 2, 3, 1
.endproc
