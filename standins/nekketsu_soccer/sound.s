; Sounds on the pulse, noise and triangle channels: each is a list of notes, and a newer one takes the channel over.

.include "hardware.inc"
.include "ram.inc"

.export sound_reset, sound_frame, play_sound

PULSE = 0
NOISE = 1
TRIANGLE = 2

.segment "CODE"

sound_reset:
        lda #$0D                ; pulse 1, triangle, noise
        sta APU_STATUS
        lda #$30
        sta PULSE1_VOL
        sta NOISE_VOL
        lda #$80
        sta TRIANGLE_CTL
        lda #$08
        sta PULSE1_SWEEP
        rts

; Begin sound X. Some have a part on a second channel.
play_sound:
        lda sound_channel,x
        jsr start
        lda second_sound,x
        beq @done
        tax
        lda sound_channel,x
        jmp start
@done:
        rts

start:
        tay
        lda sounds_low,x
        sta sound_low,y
        lda sounds_high,x
        sta sound_high,y
        lda #1
        sta sound_left,y
        rts

sound_frame:
        ldx #2
@channel:
        lda sound_left,x
        beq @next
        dec sound_left,x
        bne @next
        lda sound_low,x
        sta pointer
        lda sound_high,x
        sta pointer+1
        ldy #0
        lda (pointer),y
        sta sound_left,x
        beq @silence
        cpx #PULSE
        beq @pulse
        cpx #NOISE
        beq @noise
        iny
        lda (pointer),y
        sta TRIANGLE_CTL
        iny
        lda (pointer),y
        sta TRIANGLE_LO
        iny
        lda (pointer),y
        sta TRIANGLE_HI
        jmp @advance
@pulse:
        iny
        lda (pointer),y
        sta PULSE1_VOL
        iny
        lda (pointer),y
        sta PULSE1_LO
        iny
        lda (pointer),y
        sta PULSE1_HI
        jmp @advance
@noise:
        iny
        lda (pointer),y
        sta NOISE_VOL
        iny
        lda (pointer),y
        sta NOISE_LO
        iny
        lda (pointer),y
        sta NOISE_HI
@advance:
        clc
        lda sound_low,x
        adc #4
        sta sound_low,x
        bcc @next
        inc sound_high,x
@next:
        dex
        bpl @channel
        rts
@silence:
        lda #$30
        cpx #PULSE
        bne @not_pulse
        sta PULSE1_VOL
@not_pulse:
        cpx #NOISE
        bne @not_noise
        sta NOISE_VOL
@not_noise:
        cpx #TRIANGLE
        bne @next
        lda #$80
        sta TRIANGLE_CTL
        bne @next

; A note: frames, volume and duty, period (11 bits).
.macro note frames_long, volume, period
        .byte frames_long, volume, <(period), >(period)
.endmacro

C5 = 213
E5 = 169
G5 = 142
A5 = 126
C6 = 106
E6 = 84
G6 = 70
G4 = 284
E4 = 338
C4 = 427
A4 = 253

.segment "RODATA"
; whistle, kick, goal, save, post, tune, miss, win, lose; then the second parts: cheer, thud
sound_channel:
        .byte PULSE, NOISE, PULSE, TRIANGLE, PULSE, PULSE, TRIANGLE, PULSE, PULSE, NOISE, TRIANGLE
second_sound:
        .byte 0, 10, 9, 9, 0, 0, 0, 9, 0, 0, 0
sounds_low:
        .byte <whistle, <thump, <jingle, <drop, <ping, <tune, <groan, <win, <lose, <roar, <thud
sounds_high:
        .byte >whistle, >thump, >jingle, >drop, >ping, >tune, >groan, >win, >lose, >roar, >thud

whistle:
        note 3, $B6, 52
        note 2, $B8, 48
        note 2, $B6, 52
        note 2, $B8, 48
        note 2, $B6, 52
        note 8, $B4, 50
        .byte 0
thump:
        note 2, $3C, 6
        note 2, $38, 8
        note 3, $33, 10
        .byte 0
thud:
        note 3, $FF, 500
        note 3, $FF, 800
        .byte 0
jingle:
        note 6, $B8, C5
        note 6, $B8, E5
        note 6, $B8, G5
        note 8, $B8, C6
        note 4, $B6, G5
        note 16, $B8, C6
        .byte 0
roar:
        note 4, $33, 9
        note 6, $36, 8
        note 18, $38, 7
        note 10, $35, 8
        note 10, $33, 9
        note 10, $31, 10
        .byte 0
drop:
        note 3, $FF, 400
        note 3, $FF, 500
        note 4, $FF, 640
        .byte 0
ping:
        note 3, $7A, 90
        note 6, $76, 91
        note 10, $73, 90
        .byte 0
groan:
        note 8, $FF, 560
        note 8, $FF, 620
        note 16, $FF, 720
        .byte 0
tune:
        note 8, $B7, G4
        note 8, $B7, C5
        note 8, $B7, E5
        note 16, $B7, G5
        .byte 0
win:
        note 10, $B8, C5
        note 10, $B8, E5
        note 10, $B8, G5
        note 14, $B8, C6
        note 8, $B7, A5
        note 8, $B7, C6
        note 30, $B8, E6
        .byte 0
lose:
        note 14, $B7, E5
        note 14, $B7, C5
        note 14, $B7, A4
        note 30, $B7, G4
        .byte 0
