; The ball: how it flies, and where it ends.

.include "ram.inc"

.import add_signed, give_verdict, keeper_reaches
.export ball_frame

GRAVITY = 20                    ; pixels / 256 a frame, each frame
REBOUND = 384
NET_X = 220

.segment "CODE"

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
