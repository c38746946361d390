; Who keeps goal: walking, diving, blocking and jumping, and what he reaches. rival.s decides when it is the computer.

.include "hardware.inc"
.include "ram.inc"

.import computer_stands, leans
.export keeper_frame, keeper_after, keeper_reaches, set_state, walk

WALK = 256                      ; pixels / 256 a frame
DIVE = 640
LONG_DIVE = 896
FURTHEST = 38                   ; from the goal's middle
DIVE_TO = 30                    ; the computer dives so far from the middle
CROUCH_FRAMES = 3               ; before a dive moves; button A may still come
DIVE_FRAMES = 15                ; with them
LONG_DIVE_FRAMES = 12
LIE_FRAMES = 36
BLOCK_FRAMES = 18
JUMP_FRAMES = 26

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
        bne @player
        jmp computer_stands
@player:
        lda pad
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
        .byte 9, 10, 12, 12, 15, 9
height:
        .byte 28, 24, 16, 16, 24, 32
