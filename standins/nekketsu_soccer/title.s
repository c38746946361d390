; The title screen: it waits for Start.

.include "hardware.inc"
.include "ram.inc"
.include "art.inc"

.import load_screen, put_text, match_begin, play_sound
.export title_begin, title_frame

.segment "CODE"

title_begin:
        lda #<title_screen
        sta pointer
        lda #>title_screen
        sta pointer+1
        lda #<attributes
        sta pointer2
        lda #>attributes
        sta pointer2+1
        jsr load_screen
        lda #<subtitle
        sta pointer
        lda #>subtitle
        sta pointer+1
        jsr put_text
        lda #<press
        sta pointer
        lda #>press
        sta pointer+1
        jsr put_text
        ldx #5
@signature:
        lda which_game,x
        sta signature,x
        dex
        bpl @signature
        lda #PHASE_TITLE
        sta phase
        rts

title_frame:
        lda pad_new
        and #BUTTON_START
        beq @wait
        ldx #SOUND_TUNE
        jsr play_sound
        jmp match_begin
@wait:
        lda frames
        and #$1F
        bne @done
        lda frames
        and #$20
        bne @dark
        lda #<press
        ldx #>press
        bne @show
@dark:
        lda #<nothing
        ldx #>nothing
@show:
        sta pointer
        stx pointer+1
        jmp put_text
@done:
        rts

.segment "RODATA"
which_game:
        .byte "LCUP-1"
subtitle:
        at 8, 7
        .byte "A PENALTY SHOOT-OUT", 0
press:
        at 27, 10
        .byte "PRESS START", 0
nothing:
        at 27, 10
        .byte "           ", 0
attributes:
        .res 32, $55
        .res 16, $00
        .res 8, $A0             ; the strip at the bottom
        .res 8, $0A
