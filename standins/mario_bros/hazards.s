; Coins that roll, freezies that turn floors to ice, and will-o'-the-wisps that come for whoever dawdles.

.include "game.inc"

FREEZE_FRAMES = 50
WISP_AGAIN  = 60                ; ticks of 16 frames until the next one
BOUNCES_FROM = 210              ; from then on the phase is so old that wisps stay
WISP_SPEED  = $D0
BOUNCE_SPEED = $98
CEILING     = 48

.segment "CODE"

; A rolling coin turns about itself.
.proc run_coin
        lda FINE
        lsr a
        lsr a
        lsr a
        and #1
        sta E_FRAME,x
        rts
.endproc

; A freezie stops in the middle of a floor, and then the floor is ice.
.proc run_freezie
        lda E_STATE,x
        cmp #EN_FREEZES
        beq freezes
        lda E_AIR,x
        bne done
        ldy E_FLOOR,x
        lda middles,y
        beq done
        sec
        sbc E_X,x
        clc
        adc #2
        cmp #5
        bcs done
        lda ICE,y
        bne done
        lda #EN_FREEZES
        sta E_STATE,x
        lda #FREEZE_FRAMES
        sta E_TIMER,x
done:   rts
freezes:
        lda FINE
        lsr a
        and #1
        sta E_FRAME,x
        dec E_TIMER,x
        bne done
        ldy E_FLOOR,x
        lda #1
        sta ICE,y
        tya
        jsr freeze_floor
        lda #SOUND_ICE
        jsr play_sound
        jmp remove_entity
middles:
        .byte 0, 48, 208, 128, 0, 0, 0
.endproc

; Another wisp, if there is none. Early in the phase it crosses the screen at a player's height; later it stays.
.proc send_wisp
        lda #WISP_AGAIN
        sta WISP_IN
        ldx #HAZARD
        lda E_ON,x
        jne done
        sta E_AIR,x
        sta E_ANGER,x
        inc E_ON,x
        lda #ID_WISP
        sta E_ID,x
        jsr random
        ldy #DIR_RIGHT
        cmp #$80
        bcc :+
        ldy #DIR_LEFT
:       tya
        sta E_DIR,x
        lda COARSE
        cmp #BOUNCES_FROM
        bcs stays
        ldy #0                  ; whose height?
        lda ENTITY + PLAYER_2
        beq :+
        jsr random
        and #PLAYER_2
        tay
:       lda E_Y,y
        cmp #GROUND_Y + 1
        bcs :+
        cmp #40
        bcs :++
:       lda #GROUND_Y
:       sec
        sbc #4
        sta E_TIMER,x
        sta E_Y,x
        lda E_DIR,x
        lsr a
        lda #4
        bcs :+
        lda #252
:       sta E_X,x
        lda #2
        sta E_ATTR,x
        lda #EN_WAVES
        sta E_STATE,x
        lda #WISP_SPEED
        jmp speed
stays:  lda #128
        sta E_X,x
        lda #CEILING
        sta E_Y,x
        lda #3
        sta E_ATTR,x
        lda #EN_BOUNCES
        sta E_STATE,x
        lda #BOUNCE_SPEED
        sta E_VY,x
        lda #0
        sta E_VY_HIGH,x
        lda #BOUNCE_SPEED
        clc
        adc HASTE
speed:  sta E_VX,x
        lda #0
        sta E_VX_HIGH,x
        lda E_DIR,x
        lsr a
        bcs done
        jsr negate_vx
done:   rts
.endproc

.proc negate_vx
        lda #0
        sec
        sbc E_VX,x
        sta E_VX,x
        lda #0
        sbc E_VX_HIGH,x
        sta E_VX_HIGH,x
        rts
.endproc

.proc run_wisp
        lda FINE
        lsr a
        lsr a
        and #1
        sta E_FRAME,x
        jsr move_x
        lda E_STATE,x
        cmp #EN_BOUNCES
        beq bounces
        lda FINE
        lsr a
        lsr a
        and #15
        tay
        lda wave,y
        clc
        adc E_TIMER,x
        sta E_Y,x
        lda E_DIR,x
        lsr a
        lda E_X,x
        bcs :+
        cmp #4
        bcc gone
        rts
:       cmp #253
        bcs gone
        rts
gone:   jmp remove_entity
wave:   .byte 0, <-3, <-6, <-8, <-9, <-8, <-6, <-3, 0, 2, 3, 4, 4, 4, 3, 2

bounces:
        lda E_X,x               ; off the sides
        cmp #10
        bcs :+
        lda E_VX_HIGH,x
        bpl :++
        bmi side
:       cmp #246
        bcc :+
        lda E_VX_HIGH,x
        bmi :+
side:   jsr negate_vx
        lda E_DIR,x
        eor #DIR_RIGHT | DIR_LEFT
        sta E_DIR,x
:       clc
        lda E_Y_FINE,x
        adc E_VY,x
        sta E_Y_FINE,x
        lda E_Y,x
        adc E_VY_HIGH,x
        sta E_Y,x
        lda E_VY_HIGH,x         ; off the ground, and the numbers
        bmi up
        lda E_Y,x
        cmp #GROUND_Y
        bcs turn
        rts
up:     lda E_Y,x
        cmp #CEILING
        bcc turn
        rts
turn:   lda #0
        sec
        sbc E_VY,x
        sta E_VY,x
        lda #0
        sbc E_VY_HIGH,x
        sta E_VY_HIGH,x
        rts
.endproc
