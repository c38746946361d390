; The computer as keeper: walking his line, leaning to where he expects the shot, and what he makes of it.

.include "ram.inc"

.import random, set_state, walk
.export computer_stands, leans, keeper_sees_shot

WALK = 256                      ; pixels / 256 a frame
PACE = 128
LEAN = 192
FURTHEST_PACE = 28              ; from the goal's middle
PACE_RANGE = 31                 ; a mask
BLUFFS_IN_16 = 4
WATCH_FROM_X = 66               ; where the kicker is when the computer's keeper chooses a side
; frames until he acts on a shot
GUESSED = 4                     ; where he leans to
WATCHED = 9                     ; he stands
CENTRAL = 8                     ; a shot to the middle
SEEN_BENDING = 20
WRONG_FOOTED = 22
BLUFFED = 6
TEMPTED = 2                     ; by a chip
TEMPTED_IN_16 = 11

.segment "CODE"

; The computer walks up and down his line, until the kicker comes near: then he mostly leans to where the run leans.
computer_stands:
        lda phase
        cmp #PHASE_FLIGHT
        bne @watches
        jmp computer_reacts
@watches:
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
        jsr random
        and #15
        ldx #0
        cmp #BLUFFS_IN_16
        bcs @means_it
        inx
@means_it:
        stx bluffs
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
        lda bluffs
        bne @done
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
        lda #WRONG_FOOTED
        ldy bluffs
        beq @slow
        lda #BLUFFED
        bne @slow
@watched:
        cpx #CURL
        bne @in_time
        jsr random
        and #1
        beq @in_time
        lda #SEEN_BENDING
@slow:
        sta react_time
        lda shot_side
        sta dive_side
        rts
@in_time:
        lda #WATCHED
        sta react_time
        rts
@guessed:
        lda #GUESSED
        sta react_time
        rts
@centre:
        lda #CENTRAL
        sta react_time
        rts
@chip:
        lda #0
        sta dive_side
        lda #CENTRAL
        sta react_time
        lda keeper_side
        beq @stays
        jsr random
        and #15
        cmp #TEMPTED_IN_16
        bcs @stays
        lda keeper_side         ; he dives, and the ball goes over him
        sta dive_side
        lda #TEMPTED
        sta react_time
@stays:
        rts

.segment "RODATA"
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
