; The numbers above the arena, the phase below it, and the time of a phase of coins.

.include "game.inc"

.segment "CODE"

; What changed of scores and lives.
.proc draw_hud
        lsr HUD_DIRTY
        bcc :+
        lda #<(NAMETABLE + 2 * 32 + 4)
        ldx #5
        jsr number
:       lsr HUD_DIRTY
        bcc :+
        lda MODE
        cmp #2
        bcc :+
        lda #<(NAMETABLE + 2 * 32 + 25)
        ldx #9
        jsr number
:       lsr HUD_DIRTY
        bcc :+
        lda #<(NAMETABLE + 2 * 32 + 15)
        ldx #1
        jsr number
:       lsr HUD_DIRTY
        bcc done
        lda #0
        sta HUD_DIRTY
        lda #<names
        sta PTR
        lda #>names
        sta PTR+1
        jsr print
        lda #<best
        sta PTR
        lda #>best
        sta PTR+1
        jsr print
        lda #<(NAMETABLE + 3 * 32 + 4)
        ldx LIVES
        jsr heads
        lda MODE
        cmp #2
        bcc done
        lda #<second
        sta PTR
        lda #>second
        sta PTR+1
        jsr print
        lda #<(NAMETABLE + 3 * 32 + 25)
        ldx LIVES_2
        jmp heads
done:   rts

number: tay                     ; six digits of SCORES+X at low byte A of the picture's first page
        lda #>NAMETABLE
        jsr buffer_open
        ldy #3
:       lda SCORES,x
        lsr a
        lsr a
        lsr a
        lsr a
        ora #'0'
        jsr buffer_put
        lda SCORES,x
        and #$0F
        ora #'0'
        jsr buffer_put
        inx
        dey
        bne :-
        rts

heads:  tay                     ; up to six lives in reserve
        lda #>NAMETABLE
        jsr buffer_open
        ldy #6
:       dex
        bmi :+
        beq :+
        lda #LIFE
        bne :++
:       ldx #0
        lda #' '
:       jsr buffer_put
        dey
        bne :---
        rts
names:  .byte >(NAMETABLE + 2 * 32 + 2), <(NAMETABLE + 2 * 32 + 2), "I", 0
best:   .byte >(NAMETABLE + 2 * 32 + 11), <(NAMETABLE + 2 * 32 + 11), "TOP", 0
second: .byte >(NAMETABLE + 2 * 32 + 22), <(NAMETABLE + 2 * 32 + 22), "II", 0
.endproc

; PHASE and its number in the ground.
.proc print_phase
        lda #<text
        sta PTR
        lda #>text
        sta PTR+1
        jsr print
        lda LEVEL_SHOWN
.endproc

; The two digits of A go on in BUFFER.
.proc two_digits
        pha
        lsr a
        lsr a
        lsr a
        lsr a
        ora #'0'
        jsr buffer_put
        pla
        and #$0F
        ora #'0'
        jmp buffer_put
.endproc
text:   .byte >(NAMETABLE + 27 * 32 + 12), <(NAMETABLE + 27 * 32 + 12), "PHASE ", 0

.proc print_bonus_time
        lda #<time
        sta PTR
        lda #>time
        sta PTR+1
        jsr print
        lda BONUS_TIME
        jmp two_digits
time:   .byte >(NAMETABLE + 5 * 32 + 12), <(NAMETABLE + 5 * 32 + 12), "TIME ", 0
.endproc
