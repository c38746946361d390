; The players: they walk with momentum, slide, and jump in the direction they had. X is 0 or $20.

.include "game.inc"

WALK        = 13                ; speed won a frame, in 1/256 pixels a frame
BRAKE       = 18                ; against the way it moves
SLIDE       = 9                 ; lost without a button
IN_AIR      = 4                 ; won in the air
ICY         = 3                 ; all of these on ice
TOP_SPEED   = $130
JUMP        = $10000 - $3F0

.segment "CODE"

.proc run_players
        ldx #0
        jsr run_player
        ldx #PLAYER_2
        jsr run_player
        rts
.endproc

.proc run_player
        lda E_ON,x
        bne :+
        rts
:       lda HELD_TAP
        cpx #0
        beq :+
        lda HELD_TAP+2
:       sta E_PAD,x
        lda E_STATE,x
        cmp #PL_DIES
        jeq run_death
        cmp #PL_LIFT
        jeq run_lift
        lda E_AIR,x
        bne air
        jsr walk
        lda E_PAD,x
        bpl :+
        jsr jump
:       jsr move_x
        lda E_AIR,x
        bne animate
        jsr supported
        bne stands
        lda #1                  ; over the edge
        sta E_AIR,x
        lda #0
        sta E_VY,x
        sta E_VY_HIGH,x
        beq animate
stands: jsr floor_under
        jmp animate
air:    jsr steer
        jsr move_x
        jsr move_y
        ; and then
.endproc

; Its picture, and how fast it is in the public sense.
.proc animate
        lda E_VX,x
        sta TMP
        lda E_VX_HIGH,x
        bpl :+
        lda #0
        sec
        sbc TMP
        sta TMP
        lda #0
        sbc E_VX_HIGH,x
:       sta TMP+1               ; the speed without its sign
        ldy #2
        cmp #1
        bcs :+
        dey
        lda TMP
        bmi :+
        dey
:       tya
        sta E_WALK,x
        ldy #4
        lda E_AIR,x
        bne set
        ldy #3
        lda E_DIR,x
        and #DIR_SLOWING
        bne set
        ldy #0
        lda TMP
        ora TMP+1
        beq set
        lda E_X,x
        lsr a
        lsr a
        and #3
        tay
        lda steps,y
        tay
set:    tya
        sta E_FRAME,x
        rts
steps:  .byte 1, 2, 0, 2
.endproc

; On the ground: the buttons change the speed, the floor takes some.
.proc walk
        lda E_DIR,x
        and #DIR_RIGHT | DIR_LEFT
        sta TMP+2
        ldy E_FLOOR,x
        lda ICE,y
        sta TMP+3
        lda E_PAD,x
        lsr a
        bcs right
        lsr a
        bcs left
        jsr slide
        jmp done
right:  lda #DIR_RIGHT
        sta TMP+2
        lda E_VX_HIGH,x
        bmi :+
        lda #WALK
        jsr on_ice
        jsr accelerate
        jmp done
:       lda #BRAKE
        jsr on_ice
        jsr accelerate
        jmp skid
left:   lda #DIR_LEFT
        sta TMP+2
        lda E_VX_HIGH,x
        bmi :+
        ora E_VX,x
        beq :+
        lda #<-BRAKE
        jsr on_ice_left
        jsr accelerate
skid:   lda E_DIR,x
        and #DIR_SLOWING
        bne :++
        txa
        pha
        lda #SOUND_SKID
        jsr play_sound
        pla
        tax
        bpl :++
:       lda #<-WALK
        jsr on_ice_left
        jsr accelerate
        jmp done
:       lda TMP+2
        ora #DIR_SLOWING
        bne set
done:   lda TMP+2
set:    sta E_DIR,x
        jmp limit
.endproc

.proc on_ice
        ldy TMP+3
        beq :+
        lda #ICY
:       rts
.endproc
.proc on_ice_left
        ldy TMP+3
        beq :+
        lda #<-ICY
:       rts
.endproc

; Nothing held: slower, until it stands.
.proc slide
        lda E_VX_HIGH,x
        bmi left
        ora E_VX,x
        beq stop
        lda #<-SLIDE
        jsr on_ice_left
        jsr accelerate
        lda E_VX_HIGH,x
        bmi stop
        rts
left:   lda #SLIDE
        jsr on_ice
        jsr accelerate
        lda E_VX_HIGH,x
        bpl stop
        rts
stop:   lda #0
        sta E_VX,x
        sta E_VX_HIGH,x
        rts
.endproc

; In the air little can be changed.
.proc steer
        lda E_PAD,x
        lsr a
        bcs right
        lsr a
        bcc limit
        lda #<-IN_AIR
        bne :+
right:  lda #IN_AIR
:       jsr accelerate
.endproc

; Not faster than TOP_SPEED, either way.
.proc limit
        lda E_VX_HIGH,x
        bmi left
        cmp #>TOP_SPEED
        bcc done
        bne :+
        lda E_VX,x
        cmp #<TOP_SPEED
        bcc done
:       lda #<TOP_SPEED
        sta E_VX,x
        lda #>TOP_SPEED
        sta E_VX_HIGH,x
done:   rts
left:   cmp #>(-TOP_SPEED & $FFFF)
        bcc :+
        bne done
        lda E_VX,x
        cmp #<-TOP_SPEED
        bcs done
:       lda #<-TOP_SPEED
        sta E_VX,x
        lda #>(-TOP_SPEED & $FFFF)
        sta E_VX_HIGH,x
        rts
.endproc

.proc jump
        lda #<JUMP
        sta E_VY,x
        lda #>JUMP
        sta E_VY_HIGH,x
        lda #1
        sta E_AIR,x
        lda E_DIR,x
        and #DIR_RIGHT | DIR_LEFT
        ora #DIR_RISING
        sta E_DIR,x
        lda #SOUND_JUMP
        jmp play_sound
.endproc
