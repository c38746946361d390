; Who waits in the pipes, and when they come out.

.include "game.inc"

MOST        = 8
FIRST_SPAWN = 3                 ; ticks of 16 frames
NEXT_SPAWN  = 11
LAST_ENEMY  = $C0               ; enemies have the entities below this one: four walk at a time
PIPE_Y      = ROW_TOP * 8

.segment "CODE"

; The phase's enemies go into the pipes.
.proc fill_pipes
        lda #0
        sta QUEUED
        sta ENEMIES
        lda #FIRST_SPAWN
        sta SPAWN
        lda LEVEL               ; the last five lists are taken again and again
:       cmp #14
        bcc :+
        sbc #5
        bcs :-
:       sta TMP
        sec
        sbc #1
        asl a
        sta TMP+1
        asl a
        adc TMP+1
        tax                     ; six ids each
        ldy #6
        sty TMP+2
:       lda lists,x
        beq :+
        ldy GAME_B              ; in game B they are angry from the beginning
        jsr queue_put
        inc ENEMIES
:       inx
        dec TMP+2
        bne :--
        lda LEVEL
        asl a
        asl a
        cmp #$20
        bcc :+
        lda #$20
:       sta HASTE
        lda #0
        sta FREEZE_IN
        lda LEVEL
        cmp #6
        bcc :+
        lda #30
        sta FREEZE_IN
:       lda LEVEL               ; 31 seconds at first, 19 later
        cmp #12
        bcc :+
        lda #12
:       asl a
        asl a
        sta TMP
        lda #120
        sec
        sbc TMP
        sta WISP_IN
        rts
.endproc

; Id A of anger Y waits as the last. Coins have to find room. Keeps X.
.proc queue_put
        stx SAVED_X
        ldx QUEUED
        cpx #MOST
        bcs full
        sta QUEUE,x
        tya
        sta QUEUE_ANGER,x
        inc QUEUED
        lda SPAWN
        bne full
        lda #NEXT_SPAWN
        sta SPAWN
full:   ldx SAVED_X
        rts
.endproc

; Sixteen frames are one tick of the timers.
.proc run_pipes
        lda FINE
        and #15
        bne done
        lda COARSE
        cmp #$FF
        beq :+
        inc COARSE
:       lda WISP_IN
        beq :+
        dec WISP_IN
        bne :+
        jsr send_wisp
:       lda FREEZE_IN
        beq :+
        dec FREEZE_IN
        bne :+
        jsr send_freezie
:       lda SPAWN
        beq done
        dec SPAWN
        beq spawn
done:   rts

spawn:  ldx QUEUED
        beq done
        ldx #FIRST_OTHER
:       lda E_ON,x
        beq free
        txa
        clc
        adc #ENTITY_BYTES
        tax
        cpx #LAST_ENEMY
        bne :-
        inc SPAWN               ; no room yet
        rts
free:   lda QUEUE
        sta E_ID,x
        lda QUEUE_ANGER
        sta TMP
        ldy #0                  ; the others move up
:       lda QUEUE+1,y
        sta QUEUE,y
        lda QUEUE_ANGER+1,y
        sta QUEUE_ANGER,y
        iny
        cpy #MOST - 1
        bne :-
        dec QUEUED
        lda #NEXT_SPAWN
        sta SPAWN
        lda TMP
        jmp emerge
.endproc

.proc send_freezie
        lda #40
        sta FREEZE_IN
        ldx #LAST_ENEMY
        lda E_ON,x
        bne done
        lda #ID_FREEZIE
        sta E_ID,x
        lda #0
        jmp emerge
done:   rts
.endproc

; Entity X, with anger A, begins to come out of the next pipe.
.proc emerge
        sta E_ANGER,x
        inc E_ON,x
        lda #0
        sta E_VY,x
        sta E_VY_HIGH,x
        sta E_AIR,x
        sta E_COUNT,x
        sta E_TIMER,x
        sta E_FRAME,x
        sta E_X_FINE,x
        sta E_Y_FINE,x
        sta E_FLIP,x
        lda #FLOOR_TOP
        sta E_FLOOR,x
        lda #EN_EMERGES
        sta E_STATE,x
        lda #PIPE_Y
        sta E_Y,x
        lda NEXT_SIDE
        eor #1
        sta NEXT_SIDE
        tay
        lda side_x,y
        sta E_X,x
        lda side_dir,y
        sta E_DIR,x
        lda #BEHIND
        ldy E_ID,x
        cpy #ID_FREEZIE
        bne :+
        lda #BEHIND | 1
:       sta E_ATTR,x
        lda #SOUND_PIPE
        jsr play_sound
        jmp set_speed
side_x: .byte 246, 10
side_dir:
        .byte DIR_LEFT, DIR_RIGHT
.endproc

.segment "RODATA"

S = ID_SNAIL
B = ID_BEETLE
C = ID_CRICKET
lists:  .byte S,S,S,0,0,0
        .byte S,S,S,S,0,0
        .byte 0,0,0,0,0,0       ; coins
        .byte S,B,S,B,0,0
        .byte B,B,B,B,0,0
        .byte C,C,C,0,0,0
        .byte C,B,C,B,0,0
        .byte 0,0,0,0,0,0
        .byte S,B,C,S,B,C
        .byte B,B,B,B,B,0
        .byte C,C,C,C,0,0
        .byte C,B,C,B,C,B
        .byte 0,0,0,0,0,0
