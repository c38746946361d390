; What is said below the picture: whose kick it is, what became of it, and who has won.

.include "ram.inc"

.import put_text
.export show_whose_kick, show_verdict, show_end

.segment "CODE"

show_whose_kick:
        lda who_kicks
        asl a
        tax
        lda kickers,x
        sta pointer
        lda kickers+1,x
        sta pointer+1
        jmp put_text

show_verdict:
        lda verdict
        asl a
        tax
        lda verdicts,x
        sta pointer
        lda verdicts+1,x
        sta pointer+1
        jmp put_text

show_end:
        lda winner
        asl a
        tax
        lda ends,x
        sta pointer
        lda ends+1,x
        sta pointer+1
        jmp put_text

.segment "RODATA"
kickers:
        .word your_kick, their_kick
your_kick:
        at 27, 12
        .byte "YOUR KICK ", 0
their_kick:
        at 27, 12
        .byte "MOTHS KICK", 0
verdicts:
        .word goal, goal, saved, wide, over_the_bar, post, too_late
goal:
        at 27, 12
        .byte "GOAL!     ", 0
saved:
        at 27, 12
        .byte "SAVED     ", 0
wide:
        at 27, 12
        .byte "WIDE      ", 0
over_the_bar:
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
