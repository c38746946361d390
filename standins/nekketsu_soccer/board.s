; The scoreboard above the picture, and wind, messages and clock below it.

.include "hardware.inc"
.include "ram.inc"
.include "art.inc"

.import put_text, put_tile
.export board_begin, board_kick, board_clock, board_mark, board_verdict, board_over

.macro at row, column
        .byte >($2000+32*row+column), <($2000+32*row+column)
.endmacro

MARKS_ROW = $2000+32*3
SCORE_ROW = $2000+32*2
PLAYER_SCORE = 7
COMPUTER_SCORE = 23
WIND_TOP = $2000+32*26+6
ROUND_PLACE = $2000+32*2+17
CLOCK_ROW = $2000+32*27+23

.segment "CODE"

.macro show text
        lda #<text
        ldx #>text
        jsr show_text
.endmacro

show_text:
        sta pointer
        stx pointer+1
        jmp put_text

board_begin:
        show player_name
        show computer_name
        show round_label
        show wind_label
        show time_label
        lda #>SCORE_ROW
        sta temp
        lda #<SCORE_ROW+PLAYER_SCORE
        sta temp+1
        lda #'0'
        jsr put_tile
        lda #<SCORE_ROW+COMPUTER_SCORE
        sta temp+1
        lda #'0'
        jsr put_tile
        rts

; A kick begins: round, marks, wind, clock, whose it is.
board_kick:
        lda #>ROUND_PLACE
        sta temp
        lda #<ROUND_PLACE
        sta temp+1
        ldx #'0'
        sec
        lda round
        adc #0                  ; shown from 1
@tens:
        cmp #10
        bcc @digits
        sbc #10
        inx
        bne @tens
@digits:
        pha
        txa
        cmp #'0'
        bne @tens_shown
        lda #' '
@tens_shown:
        jsr put_tile
        inc temp+1
        pla
        ora #'0'
        jsr put_tile
        jsr show_marks
        jsr show_wind
        show full_clock
        lda who_kicks
        bne @computer
        show your_kick
        rts
@computer:
        show their_kick
        rts

; All ten marks. After the fifth, tenth ... pair of kicks the rows begin anew.
show_marks:
        lda who_kicks
        bne @keep
        lda kicks
        beq @clear
@fifth:
        cmp #5
        beq @clear
        bcc @keep
        sbc #5
        bcs @fifth
@clear:
        lda #0
        ldx #9
@next:
        sta marks,x
        dex
        bpl @next
@keep:
show_marks_now:
        ldx vram_used
        lda #>MARKS_ROW
        sta vram,x
        lda #<MARKS_ROW+3
        sta vram+1,x
        lda #5
        sta vram+2,x
        lda #>MARKS_ROW
        sta vram+8,x
        lda #<MARKS_ROW+24
        sta vram+9,x
        lda #5
        sta vram+10,x
        ldy #0
@left:
        lda marks,y
        clc
        adc #MARK_NONE
        sta vram+3,x
        inx
        iny
        cpy #5
        bne @left
        inx
        inx
        inx
@right:
        lda marks,y
        clc
        adc #MARK_NONE
        sta vram+3,x
        inx
        iny
        cpy #10
        bne @right
        inx
        inx
        inx
        lda #0
        sta vram,x
        stx vram_used
        rts

; No arrow, one or two, the way the wind blows.
show_wind:
        lda #<WIND_TOP
        sta temp+2              ; column
        lda wind
        sta temp+3
        lda #2
        sta temp+4              ; arrows to go
@arrow:
        lda temp+3
        beq @calm
        bmi @far
        dec temp+3
        ldy #ARROW_DOWN
        bne @draw
@far:
        inc temp+3
        ldy #ARROW_UP
        bne @draw
@calm:
        ldy #CALM
@draw:
        ldx vram_used
        lda #>WIND_TOP
        sta vram,x
        sta vram+5,x
        lda temp+2
        sta vram+1,x
        clc
        adc #32
        sta vram+6,x
        lda #2
        sta vram+2,x
        sta vram+7,x
        tya
        sta vram+3,x
        iny
        tya
        sta vram+4,x
        iny
        tya
        sta vram+8,x
        iny
        tya
        sta vram+9,x
        lda #0
        sta vram+10,x
        txa
        clc
        adc #10
        sta vram_used
        inc temp+2
        inc temp+2
        dec temp+4
        bne @arrow
        rts

; The clock has gone on: a piece of the bar may be gone.
board_clock:
        lda clock
        and #15
        bne @done
        lda clock
        lsr a
        lsr a
        lsr a
        lsr a
        cmp #8
        bcs @done
        clc
        adc #<CLOCK_ROW
        sta temp+1
        lda #>CLOCK_ROW
        sta temp
        lda #BAR_EMPTY
        jmp put_tile
@done:
        rts

; A: 1 a goal, 2 none, for the kick just taken.
board_mark:
        pha
        ldx who_kicks
        lda kicks,x
        sec
        sbc #1
@fives:
        cmp #5
        bcc @place
        sbc #5
        bcs @fives
@place:
        ldy who_kicks
        beq @left
        clc
        adc #5
@left:
        tay
        pla
        sta marks,y
        jsr show_marks_now
        lda #>SCORE_ROW
        sta temp
        ldx #0
@side:
        lda score_columns,x
        sta temp+1
        lda scores,x
@tens:
        cmp #10
        bcc @digit
        sbc #10
        bcs @tens
@digit:
        ora #'0'
        stx temp+2
        jsr put_tile
        ldx temp+2
        lda scores,x
        cmp #10
        bcc @small
        ldy #'0'
@count:
        cmp #10
        bcc @counted
        sbc #10
        iny
        bne @count
@counted:
        dec temp+1
        tya
        jsr put_tile
        ldx temp+2
@small:
        inx
        cpx #2
        bne @side
        rts

board_verdict:
        lda verdict
        asl a
        tax
        lda verdicts,x
        sta pointer
        lda verdicts+1,x
        sta pointer+1
        jmp put_text

board_over:
        lda winner
        asl a
        tax
        lda ends,x
        sta pointer
        lda ends+1,x
        sta pointer+1
        jmp put_text

.segment "RODATA"
score_columns:
        .byte <(SCORE_ROW+PLAYER_SCORE), <(SCORE_ROW+COMPUTER_SCORE)
player_name:
        at 2, 3
        .byte "YOU", 0
computer_name:
        at 2, 25
        .byte "MOTHS", 0
round_label:
        at 2, 12
        .byte "ROUND", 0
wind_label:
        at 27, 1
        .byte "WIND", 0
time_label:
        at 26, 23
        .byte "TIME", 0
full_clock:
        at 27, 23
        .byte BAR_FULL,BAR_FULL,BAR_FULL,BAR_FULL,BAR_FULL,BAR_FULL,BAR_FULL,BAR_FULL, 0
your_kick:
        at 27, 12
        .byte "YOUR KICK ", 0
their_kick:
        at 27, 12
        .byte "MOTHS KICK", 0
verdicts:
        .word goal, goal, saved, wide, over_bar, post, too_late
goal:
        at 27, 12
        .byte "GOAL!     ", 0
saved:
        at 27, 12
        .byte "SAVED     ", 0
wide:
        at 27, 12
        .byte "WIDE      ", 0
over_bar:
        at 27, 12
        .byte "OVER      ", 0
post:
        at 27, 12
        .byte "THE POST  ", 0
too_late:
        at 27, 12
        .byte "TOO LATE  ", 0
ends:
        .word you_win, you_win, you_lose, draw
you_win:
        at 27, 12
        .byte "YOU WIN!  ", 0
you_lose:
        at 27, 12
        .byte "YOU LOSE  ", 0
draw:
        at 27, 12
        .byte "A DRAW    ", 0
