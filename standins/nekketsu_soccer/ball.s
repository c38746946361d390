; The ball: how a shot leaves the foot, how it flies, and where it ends.

.include "hardware.inc"
.include "ram.inc"

.import random, add_signed, play_sound, give_verdict, keeper_reaches, keeper_sees_shot
.export shoot, ball_frame

GRAVITY = 20                    ; pixels / 256 a frame, each frame
CURL_BEND = 28
FULL_RUN = 256                  ; pixels / 256 a frame: slower, and the shot is weak
OVER_THE_BAR = 934              ; how a power shot rises that is not met well
REBOUND = 384
NET_X = 220

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
        bne @directed
        inx
        inx                     ; CURL without a direction and with both buttons, else CHIP
        cpx #POWER+2
        beq @curl
        ldx #CHIP
        bne @chosen
@curl:
        ldx #CURL
        bne @speed
@directed:
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

ball_frame:
        lda ball_state
        cmp #FLYING
        bne @not_flying
        jsr fly
        lda passed
        bne @line
        lda ball_x
        cmp #KEEPER_X
        bcc @done
        inc passed
        jsr keeper_reaches
        bcc @line
        lda #HELD
        sta ball_state
        lda #SAVED
        jmp give_verdict
@line:
        lda ball_x
        cmp #GOAL_X
        bcc @done
        jmp judge
@not_flying:
        cmp #HELD
        beq @held
        cmp #AWAY
        beq fly
        cmp #IN_NET
        bne @done
        lda ball_x
        cmp #NET_X
        bcc @deeper
        lda #0
        sta ball_vx
        sta ball_vx+1
        sta ball_vy
        sta ball_vy+1
@deeper:
        jmp fly
@held:
        lda keeper_y
        sta ball_y
        lda #KEEPER_X-6
        sta ball_x
        clc
        lda keeper_z
        adc #8
        sta ball_z
@done:
        rts

; One frame of flight.
fly:
        lda ball_vy
        sta sum
        lda ball_vy+1
        sta sum+1
        lda ball_state
        cmp #FLYING
        bne @no_wind
        lda ball_bend
        jsr add_signed
        lda wind
        asl a
        clc
        adc wind                ; three times the wind: pixels / 256 a frame, each frame
        jsr add_signed
@no_wind:
        clc
        lda sum
        sta ball_vy
        adc ball_y_lo
        sta ball_y_lo
        lda sum+1
        sta ball_vy+1
        adc ball_y
        sta ball_y
        clc
        lda ball_x_lo
        adc ball_vx
        sta ball_x_lo
        lda ball_x
        adc ball_vx+1
        cmp #GONE_X
        bcc @seen
        lda #GONE_X
@seen:
        sta ball_x
        sec
        lda ball_vz
        sbc #GRAVITY
        sta ball_vz
        lda ball_vz+1
        sbc #0
        sta ball_vz+1
        clc
        lda ball_z_lo
        adc ball_vz
        sta ball_z_lo
        lda ball_z
        adc ball_vz+1
        sta ball_z
        cmp #200
        bcc @above
        lda #0                  ; it bounces, half as fast
        sta ball_z
        sta ball_z_lo
        sec
        sbc ball_vz
        sta sum
        lda #0
        sbc ball_vz+1
        lsr a
        sta ball_vz+1
        lda sum
        ror a
        sta ball_vz
@above:
        rts

; The ball is at the goal line: where?
judge:
        sec
        lda ball_y
        sbc #CENTRE_Y
        bcs @near
        eor #$FF
        adc #1
@near:
        cmp #HALF_GOAL+POST_WIDTH
        bcs @wide
        cmp #HALF_GOAL-POST_WIDTH+1
        lda ball_z
        bcs @post
        cmp #BAR_Z+POST_WIDTH
        bcs @over
        cmp #BAR_Z-POST_WIDTH+1
        bcs @rebound
        lda #IN_NET
        sta ball_state
        lda #GOAL
        jmp give_verdict
@post:
        cmp #BAR_Z+POST_WIDTH
        bcs @over
@rebound:
        store16 ball_vx, $10000-REBOUND
        lda #AWAY
        sta ball_state
        lda #POST
        jmp give_verdict
@over:
        lda #AWAY
        sta ball_state
        lda #OVER_BAR
        jmp give_verdict
@wide:
        lda #AWAY
        sta ball_state
        lda #WIDE
        jmp give_verdict

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
