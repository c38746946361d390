; Sounds: each is a channel and steps of frames, volume, and pitch; a step of 0 frames ends it.

.include "game.inc"

PULSE_1     = 0
PULSE_2     = 1
NOISE       = 2
SILENT      = $30

.segment "CODE"

.proc sound_on
        lda #%00001011
        sta APU_STATUS
        lda #SILENT
        sta PULSE1_VOL
        sta PULSE2_VOL
        sta NOISE_VOL
        lda #$08
        sta PULSE1_SWEEP
        sta PULSE2_SWEEP
        rts
.endproc

; Sound A begins, in place of what its channel plays. Keeps X and Y.
.proc play_sound
        stx SAVED_X
        sty SAVED_Y
        tay
        ldx channels,y
        lda #1
        sta SOUND_TIME,x
        lda starts_low,y
        sta SOUND_LOW,x
        lda starts_high,y
        sta SOUND_HIGH,x
        ldy SAVED_Y
        ldx SAVED_X
        rts
.endproc

.proc run_sound
        ldx #2
each:   lda SOUND_TIME,x
        beq next
        dec SOUND_TIME,x
        bne next
        lda SOUND_LOW,x
        sta PTR
        lda SOUND_HIGH,x
        sta PTR+1
        lda registers,x
        sta TMP
        ldy #0
        lda (PTR),y
        sta SOUND_TIME,x
        bne :+
        ldy TMP
        lda #SILENT
        sta PULSE1_VOL,y
        bne next
:       iny
        lda (PTR),y
        pha
        iny
        lda (PTR),y
        pha
        iny
        lda (PTR),y
        ldy TMP
        sta TMP+1
        pla
        sta PULSE1_LO,y
        pla
        sta PULSE1_VOL,y
        lda TMP+1
        sta PULSE1_HI,y
        lda SOUND_LOW,x
        clc
        adc #4
        sta SOUND_LOW,x
        bcc next
        inc SOUND_HIGH,x
next:   dex
        bpl each
        rts
registers:
        .byte 0, 4, 12
.endproc

.segment "RODATA"

.define starts jump, skid, knock, flip, kick, coin, die, gong, pipe, clear, start, extra, over, ice, tick
starts_low:
        .lobytes starts
starts_high:
        .hibytes starts
channels:
        .byte PULSE_1, NOISE, NOISE, PULSE_2, PULSE_2, PULSE_1, PULSE_1, NOISE, PULSE_2
        .byte PULSE_1, PULSE_1, PULSE_2, PULSE_1, PULSE_2, PULSE_2

; frames, volume (and shape of the wave), low and high byte of the pitch
jump:   .byte 2,$B6,$A0,1, 2,$B6,$70,1, 2,$B6,$48,1, 3,$B5,$20,1, 4,$B3,$00,1, 0
skid:   .byte 3,$34,3,0, 3,$33,2,0, 3,$32,3,0, 0
knock:  .byte 2,$3C,11,0, 3,$38,12,0, 4,$34,13,0, 0
flip:   .byte 2,$78,$40,1, 2,$78,$C0,0, 2,$78,$00,1, 3,$76,$90,0, 0
kick:   .byte 2,$7A,$80,0, 2,$7A,$A0,0, 2,$78,$C0,0, 2,$78,$E8,0, 3,$76,$20,1, 4,$74,$70,1, 0
coin:   .byte 4,$B8,$70,0, 10,$B6,$54,0, 8,$B3,$54,0, 0
die:    .byte 6,$BA,$FD,0, 6,$BA,$2D,1, 6,$BA,$53,1, 6,$B9,$AB,1, 6,$B8,$FC,1, 8,$B7,$5C,2, 12,$B5,$A8,2, 0
gong:   .byte 4,$3F,14,0, 6,$3C,13,0, 8,$38,14,0, 10,$34,15,0, 12,$32,15,0, 0
pipe:   .byte 3,$74,$80,3, 3,$74,$00,3, 3,$73,$A0,2, 0
clear:  .byte 8,$B8,$D5,0, 8,$B8,$A9,0, 8,$B8,$8E,0, 8,$B8,$A9,0, 8,$B8,$8E,0, 16,$B7,$6A,0, 0
start:  .byte 10,$B8,$FD,0, 5,$B8,$D5,0, 10,$B8,$A9,0, 5,$B8,$D5,0, 10,$B8,$A9,0, 5,$B8,$8E,0, 20,$B7,$7E,0, 0
extra:  .byte 5,$78,$7E,0, 5,$78,$5E,0, 5,$78,$4B,0, 5,$78,$5E,0, 10,$76,$3F,0, 0
over:   .byte 12,$B8,$A9,0, 12,$B8,$BE,0, 12,$B8,$D5,0, 12,$B8,$FD,0, 30,$B6,$52,1, 0
ice:    .byte 3,$36,$30,0, 3,$36,$28,0, 3,$36,$38,0, 3,$35,$20,0, 6,$33,$18,0, 0
tick:   .byte 2,$33,$60,0, 0
