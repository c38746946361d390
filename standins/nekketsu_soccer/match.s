; The match: whose kick it is, what comes after what, and who has won.

.include "hardware.inc"
.include "ram.inc"
.include "art.inc"

.import load_screen, random, play_sound, plan_kicker, kicker_frame, keeper_frame, ball_frame, keeper_after
.import title_begin, board_begin, board_kick, board_clock, board_mark
.import show_verdict, show_end
.export match_begin, announce_frame, runup_frame, flight_frame, verdict_frame, over_frame, give_verdict

ANNOUNCE_FRAMES = 40
VERDICT_FRAMES = 56
OVER_FRAMES = 240
CLOCK_HALF_FRAMES = 152
REGULAR_KICKS = 5
MOST_ROUNDS = 99                ; then it is a draw

.segment "CODE"

match_begin:
        lda #<pitch_screen
        sta pointer
        lda #>pitch_screen
        sta pointer+1
        lda #<attributes
        sta pointer2
        lda #>attributes
        sta pointer2+1
        jsr load_screen
        lda #0
        ldx #9
@marks:
        sta marks,x
        dex
        bpl @marks
        sta scores
        sta scores+1
        sta kicks
        sta kicks+1
        sta winner
        sta round
        sta who_kicks
        jsr board_begin

begin_kick:
        lda #PHASE_ANNOUNCE
        sta phase
        lda #ANNOUNCE_FRAMES
        sta phase_time
        lda #CLOCK_HALF_FRAMES
        sta clock
        lda #0
        ldx #scores-kicker_x-1
@places:
        sta kicker_x,x
        dex
        bpl @places
        sta verdict
        sta has_leaned
        sta react_time
        sta swing_time
        sta passed
        sta pace_time
        sta ball_state
        lda #START_X
        sta kicker_x
        lda #SPOT_X
        sta ball_x
        lda #CENTRE_Y
        sta kicker_y
        sta keeper_y
        sta ball_y
        sta pace_goal
        jsr random
        and #7
        tax
        lda winds,x
        sta wind
        jsr plan_kicker
        jmp board_kick

announce_frame:
        dec phase_time
        bne @done
        lda #PHASE_RUNUP
        sta phase
        ldx #SOUND_WHISTLE
        jsr play_sound
@done:
        rts

runup_frame:
        jsr kicker_frame
        jsr keeper_frame
        lda phase
        cmp #PHASE_RUNUP
        bne @done
        lda swing_time
        bne @done
        lda frames
        lsr a
        bcc @done
        dec clock
        beq @late
        jmp board_clock
@late:
        lda #TOO_LATE
        jmp give_verdict
@done:
        rts

flight_frame:
        jsr keeper_frame
        jmp ball_frame

; The kick has ended; A says how.
give_verdict:
        sta verdict
        lda #PHASE_VERDICT
        sta phase
        lda #VERDICT_FRAMES
        sta phase_time
        ldx who_kicks
        inc kicks,x
        ldy #2
        lda verdict
        cmp #GOAL
        bne @none
        inc scores,x
        ldy #1
@none:
        tya
        jsr board_mark
        ldx verdict
        lda verdict_sounds,x
        tax
        jsr play_sound
        ldx #KICKER_SAD
        lda verdict
        cmp #GOAL
        bne @pose
        ldx #KICKER_CHEERS
@pose:
        stx kicker_pose
        jmp show_verdict

verdict_frame:
        jsr keeper_after
        jsr ball_frame
        dec phase_time
        bne @done
        jsr decide
        lda winner
        bne @over
        lda who_kicks
        eor #1
        sta who_kicks
        bne @next
        inc round
@next:
        jmp begin_kick
@over:
        lda #PHASE_OVER
        sta phase
        lda #OVER_FRAMES
        sta phase_time
        ldx #SOUND_WIN
        lda winner
        cmp #1
        beq @sound
        ldx #SOUND_LOSE
@sound:
        jsr play_sound
        jmp show_end
@done:
        rts

over_frame:
        lda pad_new
        and #BUTTON_START
        bne @title
        dec phase_time
        bne @done
@title:
        jmp title_begin
@done:
        rts

; Has anybody won? After five kicks each, and then after each pair, whoever has more goals.
decide:
        lda kicks+1
        cmp #REGULAR_KICKS
        bcc @open
        lda kicks
        cmp kicks+1
        bne @open
        lda scores
        cmp scores+1
        beq @level
        bcc @computer
@player:
        lda #1
        sta winner
        rts
@computer:
        lda #2
        sta winner
@open:
        rts
@level:
        lda kicks
        cmp #MOST_ROUNDS
        bcc @open
        lda #3
        sta winner
        rts

.segment "RODATA"
winds:
        .byte <-2, <-1, <-1, 0, 0, 1, 1, 2
verdict_sounds:
        .byte 0, SOUND_GOAL, SOUND_SAVE, SOUND_MISS, SOUND_MISS, SOUND_POST, SOUND_MISS
attributes:
        .res 8, $AA             ; board
        .res 8, $55             ; evening
        .repeat 4
        .byte 0,0,0,0,0,0,$FF,$FF
        .endrepeat
        .byte $A0,$A0,$A0,$A0,$A0,$A0,$AF,$AF
        .res 8, $AA
