; Who keeps goal: walking, leaning, diving, blocking and jumping; the player's buttons or the computer's judgement.

.include "hardware.inc"
.include "ram.inc"

.import random, add_signed
.export keeper_frame, keeper_after, keeper_sees_shot, keeper_reaches

WALK = 256                      ; pixels / 256 a frame
PACE = 128
LEAN = 192
DIVE = 640
LONG_DIVE = 896
FURTHEST = 38                   ; from the goal's middle
FURTHEST_PACE = 28
PACE_RANGE = 31                 ; a mask
DIVE_TO = 30                    ; the computer dives so far from the middle
CROUCH_FRAMES = 3               ; before a dive moves; button A may still come
DIVE_FRAMES = 15                ; with them
LONG_DIVE_FRAMES = 12
LIE_FRAMES = 36
BLOCK_FRAMES = 18
JUMP_FRAMES = 26
WATCH_FROM_X = 66               ; where the kicker is when the computer's keeper chooses a side

.segment "CODE"

keeper_frame:
        ldx keeper_state
        inc keeper_time
        lda states_high,x
        pha
        lda states_low,x
        pha
        rts

set_state:                      ; A
        sta keeper_state
        lda #0
        sta keeper_time
        sta keeper_z
        rts

stands:
        lda #KEEPER_READY
        sta keeper_pose
        lda who_kicks
        beq computer_stands
        lda pad
        sta keeper_pad
        and #BUTTON_B
        bne @acts
        lda #>WALK
        sta sum+1
        lda #<WALK
        sta sum
        lda pad
        jsr side_of
        bne walk
        rts
@acts:
        lda #0
        sta long_dive
        lda pad
        jsr side_of
        sta keeper_side
        bne @dive
        lda pad
        and #BUTTON_A
        bne @jump
        lda #BLOCKS
        jmp set_state
@jump:
        lda #JUMPS
        jmp set_state
@dive:
        lda #DIVES
        jmp set_state

; The side that the buttons in A point to: -1, 0 or 1, and the flags of it.
side_of:
        and #BUTTON_UP | BUTTON_DOWN
        cmp #BUTTON_UP
        beq @far
        cmp #BUTTON_DOWN
        beq @near
        lda #0
        rts
@far:
        lda #<-1
        rts
@near:
        lda #1
        rts

; Go `sum` (pixels / 256) to the side A, no further than FURTHEST from the middle.
walk:
        bmi @far
        clc
        lda keeper_y_lo
        adc sum
        sta keeper_y_lo
        lda keeper_y
        adc sum+1
        cmp #CENTRE_Y+FURTHEST
        bcc @there
        lda #CENTRE_Y+FURTHEST
@there:
        sta keeper_y
        rts
@far:
        sec
        lda keeper_y_lo
        sbc sum
        sta keeper_y_lo
        lda keeper_y
        sbc sum+1
        cmp #CENTRE_Y-FURTHEST
        bcs @there
        lda #CENTRE_Y-FURTHEST
        bne @there

; The computer walks up and down his line, until the kicker comes near: then he mostly leans to where the run leans.
computer_stands:
        lda phase
        cmp #PHASE_FLIGHT
        beq computer_reacts
        lda has_leaned
        bne @pace
        lda kicker_speed+1
        beq @pace
        lda kicker_x
        cmp #WATCH_FROM_X
        bcc @pace
        inc has_leaned
        jsr random
        and #15
        tay
        ldx kicker_lean
        inx
        lda lean_tables_low,x
        sta pointer
        lda lean_tables_high,x
        sta pointer+1
        lda (pointer),y
        sta keeper_side
        beq @pace
        lda #LEANS
        jmp set_state
@pace:
        lda has_leaned
        bne @still
        lda pace_time
        bne @walk
        jsr random
        and #31
        clc
        adc #16
        sta pace_time
        jsr random
        and #PACE_RANGE
        clc
        adc #CENTRE_Y-PACE_RANGE/2
        sta pace_goal
@walk:
        dec pace_time
        lda #0
        sta sum+1
        lda #PACE
        sta sum
        lda pace_goal
        cmp keeper_y
        beq @still
        lda #1
        bcs @near
        lda #<-1
@near:
        cmp #0
        jmp walk
@still:
        rts

; A shot flies. When he has understood it, he goes for it.
computer_reacts:
        lda react_time
        beq @decided
        dec react_time
        rts
@decided:
        lda #0
        sta long_dive
        lda dive_side
        beq @centre
        sta keeper_side
        lda #DIVES
        jmp set_state
@centre:
        lda #>WALK
        sta sum+1
        lda #<WALK
        sta sum
        lda keeper_y
        cmp #CENTRE_Y
        beq @there
        lda #<-1
        bcs @far
        lda #1
@far:
        cmp #0
        jmp walk
@there:
        rts

; Only the computer leans.
leans:
        ldx #KEEPER_LEANS
        lda keeper_side
        bmi @posed
        inx
@posed:
        stx keeper_pose
        lda phase
        cmp #PHASE_FLIGHT
        beq computer_reacts
        lda kicker_speed+1
        ora kicker_speed
        bne @committed
        lda swing_time
        bne @committed
        sta has_leaned          ; the kicker has stopped: all begins anew
        sta keeper_side
        lda #STANDS
        jmp set_state
@committed:
        lda keeper_y
        ldx keeper_side
        bmi @far
        cmp #CENTRE_Y+FURTHEST_PACE
        bcs @done
        bcc @shift
@far:
        cmp #CENTRE_Y-FURTHEST_PACE
        bcc @done
@shift:
        lda #0
        sta sum+1
        lda #LEAN
        sta sum
        lda keeper_side
        jmp walk
@done:
        rts

dives:
        ldx keeper_time
        cpx #CROUCH_FRAMES+1
        bcs @flies
        lda who_kicks
        beq @crouch
        lda pad
        and #BUTTON_A
        beq @crouch
        sta long_dive
@crouch:
        rts
@flies:
        ldx #KEEPER_DIVES
        lda keeper_side
        bmi @posed
        inx
@posed:
        stx keeper_pose
        lda #>DIVE
        ldx #<DIVE
        ldy #DIVE_FRAMES
        bit long_dive
        bpl @speed
        lda #>LONG_DIVE
        ldx #<LONG_DIVE
        ldy #LONG_DIVE_FRAMES
@speed:
        sta sum+1
        stx sum
        cpy keeper_time
        bcc @lands
        tya
        sec
        sbc keeper_time         ; frames until he is down
        cmp #6
        bcc @height
        lda keeper_time
        sbc #CROUCH_FRAMES
        cmp #6
        bcc @height
        lda #6
@height:
        sta keeper_z
        lda who_kicks
        bne @go
        lda keeper_y            ; the computer knows where to stop
        ldx keeper_side
        bmi @far
        cmp #CENTRE_Y+DIVE_TO
        bcs @there
        bcc @go
@far:
        cmp #CENTRE_Y-DIVE_TO
        bcc @there
@go:
        lda keeper_side
        jmp walk
@lands:
        lda #LIES
        jmp set_state
@there:
        rts

lies:
        lda keeper_time
        cmp #LIE_FRAMES
        bcc @done
        lda phase
        cmp #PHASE_VERDICT
        beq @done
        lda #0
        sta keeper_side
        jmp set_state           ; he stands
@done:
        rts

blocks:
        lda #KEEPER_BLOCKS
        sta keeper_pose
        lda who_kicks
        beq @done
        lda pad                 ; the other button or a direction may come a little late
        and #BUTTON_A
        beq @wait
        lda keeper_time
        cmp #CROUCH_FRAMES+1
        bcs @wait
        lda #JUMPS
        jmp set_state
@wait:
        lda keeper_time
        cmp #BLOCK_FRAMES
        bcc @done
        lda #STANDS
        jmp set_state
@done:
        rts

jumps:
        lda #KEEPER_JUMPS
        sta keeper_pose
        sec
        lda #JUMP_FRAMES
        sbc keeper_time
        beq @down
        cmp keeper_time
        bcc @height
        lda keeper_time
@height:
        sta keeper_z
        rts
@down:
        lda #STANDS
        jmp set_state

; After the verdict: what has begun is finished, then he shows how he feels.
keeper_after:
        lda keeper_state
        cmp #DIVES
        beq @finish
        cmp #JUMPS
        beq @finish
        cmp #LIES
        beq @done
        ldx #KEEPER_SAD
        lda verdict
        cmp #GOAL
        beq @pose
        ldx #KEEPER_CHEERS
@pose:
        stx keeper_pose
@done:
        rts
@finish:
        jmp keeper_frame

; The ball has left the foot: how long the computer's keeper takes to act, and to which side.
keeper_sees_shot:
        lda shot_side
        ldx shot_kind
        cpx #CHIP
        beq @chip
        cpx #CURL
        bne @plain
        eor #$FE                ; it starts to the other side
@plain:
        sta dive_side
        cmp #0
        beq @centre
        cmp keeper_side
        beq @guessed
        lda keeper_side
        beq @watched
        lda #22                 ; on the wrong foot
        bne @slow
@watched:
        cpx #CURL
        bne @in_time
        jsr random
        and #1
        beq @in_time
        lda #20                 ; he waits, and sees it bend
@slow:
        sta react_time
        lda shot_side
        sta dive_side
        rts
@in_time:
        lda #12
        sta react_time
        rts
@guessed:
        lda #4
        sta react_time
        rts
@centre:
        lda #8
        sta react_time
        rts
@chip:
        lda #0
        sta dive_side
        lda #8
        sta react_time
        lda keeper_side
        beq @stays
        jsr random
        and #15
        cmp #11
        bcs @stays
        lda keeper_side         ; he dives, and the ball goes over him
        sta dive_side
        lda #2
        sta react_time
@stays:
        rts

; Carry: can the keeper, as he is, stop the ball where it is?
keeper_reaches:
        sec
        lda ball_y
        sbc keeper_y
        bcs @near
        eor #$FF
        adc #1
@near:
        sta temp
        ldx keeper_state
        lda reach,x
        cpx #DIVES
        bne @reach
        bit long_dive
        bpl @reach
        lda #9
@reach:
        cmp temp
        bcc @misses
        clc
        lda height,x
        adc keeper_z
        cmp ball_z
@misses:
        rts

.segment "RODATA"
states_low:
        .byte <(stands-1), <(leans-1), <(dives-1), <(lies-1), <(blocks-1), <(jumps-1)
states_high:
        .byte >(stands-1), >(leans-1), >(dives-1), >(lies-1), >(blocks-1), >(jumps-1)
; pixels to each side, and above the ground, by state
reach:
        .byte 9, 10, 13, 13, 15, 9
height:
        .byte 28, 24, 16, 16, 24, 32
; which way the computer leans when the run leans far, not at all, near
lean_tables_low:
        .byte <far_run, <straight_run, <near_run
lean_tables_high:
        .byte >far_run, >straight_run, >near_run
far_run:
        .byte <-1,<-1,<-1,<-1,<-1,<-1,<-1,<-1,<-1,<-1, 0,0,0, 1,1,1
straight_run:
        .byte <-1,<-1,<-1,<-1,<-1,<-1, 0,0,0,0, 1,1,1,1,1,1
near_run:
        .byte 1,1,1,1,1,1,1,1,1,1, 0,0,0, <-1,<-1,<-1
