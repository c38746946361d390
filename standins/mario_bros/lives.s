; How players come into a phase, die, and come back on a lift. X is 0 or $20.

.include "game.inc"

LIFT_STOP   = 44                ; where the lift waits
LIFT_FRAMES = 200

.segment "CODE"

; Player X at the beginning of a phase, if it has lives.
.proc place_player
        jsr clear_entity
        lda lives_at,x
        tay
        lda LIVES,y
        beq none
        lda #1
        sta E_ON,x
        lda start_x,x
        sta E_X,x
        lda #GROUND_Y
        sta E_Y,x
        lda start_dir,x
        sta E_DIR,x
        jmp dress
none:   rts
.endproc

.proc dress
        lda start_id,x
        sta E_ID,x
        sec
        sbc #1
        sta E_ATTR,x            ; its palette
        rts
.endproc

; All bytes of entity X become 0.
.proc clear_entity
        txa
        tay
        lda #ENTITY_BYTES
        sta TMP
        lda #0
:       sta ENTITY,y
        iny
        dec TMP
        bne :-
        rts
.endproc

; Player X has met something.
.proc kill_player
        lda #PL_DIES
        sta E_STATE,x
        lda #0
        sta E_TIMER,x
        sta E_AIR,x
        lda #5
        sta E_FRAME,x
        lda #SOUND_DIE
        jmp play_sound
.endproc

; It stands stunned, hops, and falls out of the picture.
.proc run_death
        inc E_TIMER,x
        lda E_TIMER,x
        cmp #36
        bcc done
        bne fall
        lda #0
        sta E_VX,x
        sta E_VX_HIGH,x
        sta E_VY,x
        lda #$FD
        sta E_VY_HIGH,x
fall:   clc                     ; through the floors
        lda E_VY,x
        adc #$20
        sta E_VY,x
        bcc :+
        inc E_VY_HIGH,x
:       clc
        lda E_Y_FINE,x
        adc E_VY,x
        sta E_Y_FINE,x
        lda E_Y,x
        adc E_VY_HIGH,x
        sta E_Y,x
        lda E_VY_HIGH,x
        bmi done
        lda E_Y,x
        cmp #245
        bcc done
        lda lives_at,x
        tay
        lda LIVES,y
        sec
        sbc #1
        sta LIVES,y
        bne again
        lda #0
        sta E_ON,x
        beq shown
again:  jsr clear_entity        ; back on a lift from above
        inc E_ON,x
        jsr dress
        lda lift_x,x
        sta E_X,x
        lda #8
        sta E_Y,x
        lda #DIR_RIGHT
        sta E_DIR,x
        lda #PL_LIFT
        sta E_STATE,x
        lda #LIFT_FRAMES
        sta E_TIMER,x
shown:  lda HUD_DIRTY
        ora #8
        sta HUD_DIRTY
done:   rts
.endproc

; The lift comes down and waits; whoever does anything is dropped.
.proc run_lift
        lda E_Y,x
        cmp #LIFT_STOP
        bcs wait
        lda FINE
        and #1
        beq done
        inc E_Y,x
done:   rts
wait:   lda E_PAD,x
        and #BUTTON_A | BUTTON_LEFT | BUTTON_RIGHT
        bne drop
        dec E_TIMER,x
        bne done
drop:   lda #PL_PLAYS
        sta E_STATE,x
        lda #1
        sta E_AIR,x
        rts
.endproc

.segment "RODATA"

; By entity: these tables are read at 0 and $20.
lives_at:
        .byte 0
        .res 31, 0
        .byte LIVES_2 - LIVES
start_x:
        .byte 72
        .res 31, 0
        .byte 184
start_dir:
        .byte DIR_RIGHT
        .res 31, 0
        .byte DIR_LEFT
start_id:
        .byte ID_PLAYER_1
        .res 31, 0
        .byte ID_PLAYER_2
lift_x: .byte 120
        .res 31, 0
        .byte 136
