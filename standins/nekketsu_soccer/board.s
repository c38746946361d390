; The scoreboard above the picture, and wind and clock below it.

.include "ram.inc"
.include "art.inc"

.import put_text, put_tile, show_whose_kick
.export board_begin, board_kick, board_clock, board_mark

MARKS_ROW = $2000+32*3
SCORE_ROW = $2000+32*2
PLAYER_SCORE = 8
COMPUTER_SCORE = 23
WIND_TOP = $2000+32*26+6
ROUND_PLACE = $2000+32*2+19
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
        jsr show_scores
        rts

; A kick begins: round, marks, wind, clock, whose it is.
board_kick:
        lda #>ROUND_PLACE
        sta temp
        lda #<ROUND_PLACE
        sta temp+1
        ldx round
        inx                     ; shown from 1
        txa
        jsr put_number
        jsr show_marks
        jsr show_wind
        show full_clock
        jmp show_whose_kick

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

show_scores:
        lda #>SCORE_ROW
        sta temp
        lda #<SCORE_ROW+PLAYER_SCORE
        sta temp+1
        lda scores
        jsr put_number
        lda #<SCORE_ROW+COMPUTER_SCORE
        sta temp+1
        lda scores+1

; A as a number of one or two digits, the last at address temp (high), temp+1 (low).
put_number:
        ldy #'0'
@tens:
        cmp #10
        bcc @digit
        sbc #10
        iny
        bne @tens
@digit:
        sty temp+2
        ora #'0'
        jsr put_tile
        lda temp+2
        cmp #'0'
        beq @short
        dec temp+1
        jsr put_tile
@short:
        rts

.segment "RODATA"
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
