; Power-on, the frame, the controllers, and chance.

.include "game.inc"

.segment "CODE"

.proc reset
        sei
        cld
        ldx #$40
        stx APU_FRAME
        ldx #$FF
        txs
        inx
        stx PPUCTRL
        stx PPUMASK
        stx DMC_FREQ
        bit PPUSTATUS
:       bit PPUSTATUS
        bpl :-
        txa
:       sta $0000,x
        sta $0100,x
        sta $0300,x
        sta $0400,x
        sta $0500,x
        sta $0600,x
        sta $0700,x
        inx
        bne :-
        lda #$F8
:       sta OAM,x
        inx
        bne :-
:       bit PPUSTATUS
        bpl :-
        lda #$E1
        sta RANDOM
        lda #$AC
        sta RANDOM+1
        jsr sound_on
        jsr clear_scores
        jsr enter_title
frame:  lda READY
        bne frame
        jsr read_pads
        inc FINE
        jsr step_random
        jsr begin_sprites
        jsr run_state
        jsr run_sound
        inc READY
        jmp frame
.endproc

.proc run_state
        ldx STATE
        lda high,x
        pha
        lda low,x
        pha
        rts
.define states run_title-1, run_intro-1, run_play-1, run_clear-1, run_over-1, run_pause-1
low:    .lobytes states
high:   .hibytes states
.endproc

; The picture unit is free. If the frame is ready, it gets sprites and waiting bytes.
.proc nmi
        pha
        txa
        pha
        tya
        pha
        lda READY
        beq show
        lda #0
        sta OAMADDR
        lda #>OAM
        sta OAMDMA
        ldx #0
entry:  cpx BUFFER_END
        beq flushed
        lda BUFFER,x
        sta PPUADDR
        lda BUFFER+1,x
        sta PPUADDR
        ldy BUFFER+2,x
        inx
        inx
        inx
:       lda BUFFER,x
        sta PPUDATA
        inx
        dey
        bne :-
        beq entry
flushed:
        lda #0
        sta BUFFER_END
        sta READY
show:   bit PPUSTATUS
        lda #0
        sta PPUSCROLL
        ldx SHAKE
        beq :+
        txa
        and #2
        asl a
:       sta PPUSCROLL
        lda #%10001000          ; interrupt every frame, sprites from the second half
        sta PPUCTRL
        lda MASK
        sta PPUMASK
        pla
        tay
        pla
        tax
        pla
.endproc
.proc irq
        rti
.endproc

.proc read_pads
        lda HELD
        sta LAST
        lda HELD+2
        sta LAST+2
        lda #1
        sta JOY1
        sta HELD+2              ; the bit that falls out after eight says that all are read
        lsr a
        sta JOY1
:       lda JOY1
        and #3
        cmp #1
        rol HELD
        lda JOY2
        and #3
        cmp #1
        rol HELD+2
        bcc :-
        ldx #2
:       lda LAST,x
        eor #$FF
        and HELD,x
        sta PRESSED,x
        and #BUTTON_A
        sta TMP
        lda HELD,x
        and #<~BUTTON_A
        ora TMP
        sta HELD_TAP,x
        dex
        dex
        bpl :-
        rts
.endproc

; A number nobody can foresee, in A. Keeps X and Y.
.proc random
        sty SAVED_Y
        ldy #8
:       jsr step_random
        dey
        bne :-
        ldy SAVED_Y
        lda RANDOM
        rts
.endproc

; A shift register of 16 bits with a period of 65,535.
.proc step_random
        lsr RANDOM+1
        ror RANDOM
        bcc :+
        lda RANDOM+1
        eor #$B4
        sta RANDOM+1
:       rts
.endproc
