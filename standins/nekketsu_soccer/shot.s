; The shot: what the buttons, the run and chance make of a kick.

.include "hardware.inc"
.include "ram.inc"

.import random, add_signed, play_sound, keeper_sees_shot
.export shoot

CURL_BEND = 28
FULL_RUN = 256                  ; pixels / 256 a frame: slower, and the shot is weak
OVER_THE_BAR = 934              ; how a power shot rises that is not met well

.segment "CODE"

; From the buttons in kick_pad and where the kicker stands.
shoot:
        jsr choose_kind
        ldx #1
        lda kicker_x
        cmp #SWEET_X
        bcc @spoiled
        cmp #SWEET_END_X
        bcs @spoiled
        dex
@spoiled:
        stx spoiled
        ldx #0
        lda kick_pad
        and #BUTTON_UP
        beq @not_far
        dex
@not_far:
        lda kick_pad
        and #BUTTON_DOWN
        beq @not_near
        inx
@not_near:
        stx shot_side
        lda shot_kind
        cmp #CURL
        bne @sided
        ldx #<-1                ; it ends opposite to the side the kicker has run to
        lda kicker_lean
        bpl @far
        ldx #1
@far:
        stx shot_side
@sided:
        ldx shot_kind
        lda forward_low,x
        sta ball_vx
        lda forward_high,x
        sta ball_vx+1
        lda rise_low,x
        sta ball_vz
        lda rise_high,x
        sta ball_vz+1
        cpx #POWER
        bne @aim
        lda spoiled
        beq @aim
        store16 ball_vz, OVER_THE_BAR
@aim:
        jsr aim
        lda #FLYING
        sta ball_state
        lda #PHASE_FLIGHT
        sta phase
        ldx #SOUND_KICK
        jsr play_sound
        jmp keeper_sees_shot

choose_kind:
        ldx #PLAIN
        lda kick_pad
        and #BUTTON_A
        beq @one_button
        ldx #POWER
@one_button:
        lda kick_pad
        and #BUTTON_UP | BUTTON_DOWN | BUTTON_LEFT | BUTTON_RIGHT
        bne @speed
        inx
        inx                     ; CURL without a direction and with both buttons, else CHIP
        cpx #POWER+2
        beq @curl
        ldx #CHIP
        bne @chosen
@curl:
        ldx #CURL
        bne @speed
@speed:
        lda kicker_speed+1
        cmp #>FULL_RUN
        bcs @chosen
        ldx #WEAK
@chosen:
        stx shot_kind
        rts

; Sideways: the post, how the run leant, and chance, more of it if the ball was not met well.
aim:
        ldx shot_kind
        lda #0
        sta sum
        sta sum+1
        sta ball_bend
        lda shot_side
        beq @centre
        lda aside_low,x
        sta sum
        lda aside_high,x
        sta sum+1
        lda shot_side
        cpx #CURL
        bne @turned
        eor #$FE                ; a curl starts the other way: -1 and 1 change places
@turned:
        cmp #0
        bpl @centre
        sec
        lda #0
        sbc sum
        sta sum
        lda #0
        sbc sum+1
        sta sum+1
@centre:
        cpx #CURL
        bne @no_bend
        lda #CURL_BEND
        ldy shot_side
        bpl @bend
        lda #<-CURL_BEND
@bend:
        sta ball_bend
@no_bend:
        sec
        lda kicker_y
        sbc #CENTRE_Y
        asl a
        asl a
        jsr add_signed
        jsr random
        ldx #3
        ldy shot_kind
        cpy #POWER
        beq @wild
        ldy spoiled
        beq @exact
@wild:
        ldx #7
@exact:
        stx temp
        and chance_mask,x
        sec
        sbc temp
        asl a
        asl a
        asl a
        cpy #POWER
        bne @chance
        asl a
@chance:
        jsr add_signed
        lda sum
        sta ball_vy
        lda sum+1
        sta ball_vy+1
        rts

.segment "RODATA"
; plain, power, curl, chip, weak; in pixels / 256 a frame
forward_low:
        .byte <832, <1408, <640, <512, <512
forward_high:
        .byte >832, >1408, >640, >512, >512
rise_low:
        .byte <355, <382, <439, <583, <482
rise_high:
        .byte >355, >382, >439, >583, >482
aside_low:
        .byte <289, <506, <307, 0, <167
aside_high:
        .byte >289, >506, >307, 0, >167
chance_mask:
        .byte 1, 3, 5, 7, 9, 11, 13, 15
