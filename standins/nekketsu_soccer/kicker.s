; Who kicks: the run-up, and the moment of the kick. The computer presses the same buttons.

.include "hardware.inc"
.include "ram.inc"

.import random, shoot
.export kicker_frame, plan_kicker

FASTEST = 448                   ; pixels / 256 a frame
SPEED_UP = 24
SLOW_DOWN = 48
SIDESTEP = 96
MOST_ASIDE = 10                 ; pixels off the straight way to the ball
LEAN_ASIDE = 4                  ; so many show
SWING_FRAMES = 4
STRAIGHT_FROM_X = 72            ; the computer leans before this
BEST_X = 94                     ; and kicks from here or up to 7 further

.segment "CODE"

kicker_frame:
        lda swing_time
        beq @runs
        jsr read_kicker
        and #BUTTON_A
        ora kick_pad
        sta kick_pad
        dec swing_time
        bne @swings
        lda #KICKER_KICKS
        sta kicker_pose
        jmp shoot
@swings:
        rts
@runs:
        jsr read_kicker
        sta kicker_pad
        jsr change_speed
        jsr move
        jsr run_pose
        lda kicker_x
        cmp #REACH_X
        bcc @done
        lda kicker_pad
        and #BUTTON_B
        beq @done
        lda kicker_pad
        sta kick_pad
        lda #SWING_FRAMES
        sta swing_time
        lda #KICKER_SWINGS
        sta kicker_pose
@done:
        rts

; The kicker's buttons: the player's, or those that the computer's plan wants.
read_kicker:
        lda who_kicks
        bne @computer
        lda pad
        rts
@computer:
        lda plan_wait
        beq @go
        dec plan_wait
        lda #0
        rts
@go:
        lda kicker_x
        cmp plan_x
        bcs @kick
        cmp #STRAIGHT_FROM_X
        lda #BUTTON_RIGHT
        bcs @straight
        ora plan_lean
@straight:
        rts
@kick:
        lda plan_kick
        rts

change_speed:
        lda kicker_pad
        and #BUTTON_RIGHT
        beq @slower
        clc
        lda kicker_speed
        adc #SPEED_UP
        sta kicker_speed
        lda kicker_speed+1
        adc #0
        sta kicker_speed+1
        beq @done
        lda kicker_speed
        cmp #<FASTEST
        bcc @done
        lda #<FASTEST
        sta kicker_speed
@done:
        rts
@slower:
        sec
        lda kicker_speed
        sbc #SLOW_DOWN
        sta kicker_speed
        lda kicker_speed+1
        sbc #0
        sta kicker_speed+1
        bcs @back
        lda #0
        sta kicker_speed
        sta kicker_speed+1
@back:
        lda kicker_pad
        and #BUTTON_LEFT
        beq @done
        lda kicker_x
        cmp #START_X
        bcc @done
        dec kicker_x
        rts

; Forward, and aside as long as he runs.
move:
        clc
        lda kicker_x_lo
        adc kicker_speed
        sta kicker_x_lo
        lda kicker_x
        adc kicker_speed+1
        sta kicker_x
        cmp #CONTACT_X
        bcc @aside
        lda #CONTACT_X
        sta kicker_x
        lda #0
        sta kicker_speed
        sta kicker_speed+1
@aside:
        lda kicker_speed+1
        ora kicker_speed
        beq @lean
        lda kicker_pad
        and #BUTTON_UP
        beq @not_up
        lda kicker_y
        cmp #CENTRE_Y-MOST_ASIDE
        beq @lean
        sec
        lda kicker_y_lo
        sbc #SIDESTEP
        sta kicker_y_lo
        lda kicker_y
        sbc #0
        sta kicker_y
        jmp @lean
@not_up:
        lda kicker_pad
        and #BUTTON_DOWN
        beq @lean
        lda kicker_y
        cmp #CENTRE_Y+MOST_ASIDE
        beq @lean
        clc
        lda kicker_y_lo
        adc #SIDESTEP
        sta kicker_y_lo
        lda kicker_y
        adc #0
        sta kicker_y
@lean:
        ldx #0
        lda kicker_y
        cmp #CENTRE_Y-LEAN_ASIDE+1
        bcs @not_far
        dex
@not_far:
        cmp #CENTRE_Y+LEAN_ASIDE
        bcc @shown
        inx
@shown:
        stx kicker_lean
        rts

run_pose:
        lda kicker_speed+1
        bne @runs
        lda kicker_speed
        cmp #64
        bcs @runs
        lda #KICKER_STANDS
        sta kicker_pose
        rts
@runs:
        lda kicker_x
        lsr a
        lsr a
        and #3
        tax
        lda run_poses,x
        sta kicker_pose
        rts

; The computer decides how it will kick. Mostly it leans to the side that it means; not always.
plan_kicker:
        jsr random
        and #31
        clc
        adc #15
        sta plan_wait
        jsr random
        and #7
        clc
        adc #BEST_X
        sta plan_x
        jsr random
        and #15
        tax
        lda plan_kinds,x
        sta plan_kick
        and #BUTTON_RIGHT
        beq @lean               ; a curl or a chip has no direction
        jsr random
        and #7
        tax
        lda plan_sides,x
        ora plan_kick
        sta plan_kick
@lean:
        jsr random
        and #3
        bne @honest
        jsr random
        and #7
        tax
        lda plan_sides,x
        sta plan_lean
        rts
@honest:
        lda plan_kick
        and #BUTTON_UP | BUTTON_DOWN
        bne @known
        lda plan_kick
        cmp #BUTTON_A | BUTTON_B
        bne @known
        jsr random              ; a curl ends opposite to the side that it leans to
        and #1
        tax
        lda curl_sides,x
@known:
        and #BUTTON_UP | BUTTON_DOWN
        sta plan_lean
        rts

.segment "RODATA"
run_poses:
        .byte 1, 2, 3, 2
plan_kinds:
        .res 5, BUTTON_RIGHT | BUTTON_B
        .res 6, BUTTON_RIGHT | BUTTON_A | BUTTON_B
        .res 3, BUTTON_A | BUTTON_B
        .res 2, BUTTON_B
plan_sides:
        .byte BUTTON_UP, BUTTON_UP, BUTTON_UP, BUTTON_DOWN, BUTTON_DOWN, BUTTON_DOWN, 0, 0
curl_sides:
        .byte BUTTON_UP, BUTTON_DOWN
