; The moving things of the picture, as hardware sprites: what is listed first lies in front.

.include "ram.inc"
.include "art.inc"

.export draw_sprites

YOURS = 0                       ; palettes
THEIRS = 1
OF_BALL = 2
OF_SOCK = 3
HIDDEN = $F8

.segment "CODE"

draw_sprites:
        lda #0
        sta oam_used
        lda phase
        bne @match
        jsr draw_title
        jmp @rest
@match:
        jsr draw_ball
        jsr draw_keeper
        jsr draw_kicker
        jsr draw_shadow
        jsr draw_sock
@rest:
        ldx oam_used
        lda #HIDDEN
@hide:
        cpx #0
        beq @done
        sta oam,x
        inx
        inx
        inx
        inx
        bne @hide
@done:
        rts

; A match that waits to be played.
draw_title:
        ldx #KICKER_STANDS
        jsr kicker_picture
        lda #96
        sta temp
        lda #172
        sta temp+1
        lda #YOURS
        sta temp+2
        jsr draw
        lda #<keeper_ready
        sta pointer
        lda #>keeper_ready
        sta pointer+1
        lda #160
        sta temp
        lda #THEIRS
        sta temp+2
        jsr draw
        lda #<ball
        sta pointer
        lda #>ball
        sta pointer+1
        lda #124
        sta temp
        lda #188
        sta temp+1
        lda #OF_BALL
        sta temp+2
        jmp draw

draw_ball:
        lda ball_x
        cmp #GONE_X
        bcs gone
        ldx ball_x
        lda ball_y
        jsr slant
        sec
        sbc #4
        sta temp
        sec
        lda ball_y
        sbc ball_z
        sec
        sbc #8
        sta temp+1
        lda #OF_BALL
        sta temp+2
        lda #<ball
        sta pointer
        lda #>ball
        sta pointer+1
        jmp draw

draw_shadow:
        lda ball_x
        cmp #GONE_X
        bcs gone
        ldx ball_x
        lda ball_y
        jsr slant
        sec
        sbc #4
        sta temp
        lda ball_y
        sec
        sbc #6
        sta temp+1
        lda #OF_BALL
        sta temp+2
        lda #<shadow
        sta pointer
        lda #>shadow
        sta pointer+1
        jmp draw

gone:
        rts

draw_kicker:
        ldx kicker_x
        lda kicker_y
        jsr slant
        sec
        sbc #10
        sta temp
        sec
        lda kicker_y
        sbc #23
        sta temp+1
        lda who_kicks
        sta temp+2
        ldx kicker_pose
        jsr kicker_picture
        jmp draw

kicker_picture:
        lda kickers_low,x
        sta pointer
        lda kickers_high,x
        sta pointer+1
        rts

draw_keeper:
        ldx #KEEPER_X
        lda keeper_y
        jsr slant
        ldx keeper_pose
        sec
        sbc keeper_left,x
        sta temp
        sec
        lda keeper_y
        sbc keeper_z
        sec
        sbc keeper_up,x
        sta temp+1
        lda who_kicks
        eor #1
        sta temp+2
        lda keepers_low,x
        sta pointer
        lda keepers_high,x
        sta pointer+1
        jmp draw

; The wind sock above the hedge: it hangs, or blows up or down the pitch, longer in a strong wind.
draw_sock:
        ldx wind
        inx
        inx
        lda socks_low,x
        sta pointer
        lda socks_high,x
        sta pointer+1
        lda #124
        sta temp
        lda #40
        sta temp+1
        lda #OF_SOCK
        sta temp+2
        jmp draw

; Where X, Y (in A) of the pitch is in the picture, from the left: four pixels down are one to the right.
slant:
        sec
        sbc #CENTRE_Y
        bcs @near
        sec                     ; below 0: keep the sign
        ror a
        sec
        ror a
        jmp @add
@near:
        lsr a
        lsr a
@add:
        stx temp+4
        clc
        adc temp+4
        rts

; The sprites at pointer (how many, then x, y, tile of each), at temp, temp+1, with the palette temp+2.
draw:
        ldy #0
        lda (pointer),y
        sta temp+3
        ldx oam_used
@sprite:
        iny
        clc
        lda (pointer),y
        adc temp
        sta oam+3,x
        iny
        clc
        lda (pointer),y
        adc temp+1
        sta oam,x
        iny
        lda (pointer),y
        sta oam+1,x
        lda temp+2
        sta oam+2,x
        inx
        inx
        inx
        inx
        dec temp+3
        bne @sprite
        stx oam_used
        rts

.segment "RODATA"
kickers_low:
        .byte <stand, <run_a, <run_b, <run_c, <swing, <kick, <cheer, <sad
kickers_high:
        .byte >stand, >run_a, >run_b, >run_c, >swing, >kick, >cheer, >sad
keepers_low:
        .byte <keeper_ready, <keeper_lean_far, <keeper_lean_near, <keeper_dive_far, <keeper_dive_near
        .byte <keeper_block, <keeper_jump, <keeper_cheer, <keeper_sad
keepers_high:
        .byte >keeper_ready, >keeper_lean_far, >keeper_lean_near, >keeper_dive_far, >keeper_dive_near
        .byte >keeper_block, >keeper_jump, >keeper_cheer, >keeper_sad
; from a keeper's place on the ground to his picture's corner
keeper_left:
        .byte 8, 8, 8, 8, 8, 12, 8, 8, 8
keeper_up:
        .byte 23, 23, 23, 24, 20, 23, 31, 23, 23
socks_low:
        .byte <sock_far_2, <sock_far_1, <sock_calm, <sock_near_1, <sock_near_2
socks_high:
        .byte >sock_far_2, >sock_far_1, >sock_calm, >sock_near_1, >sock_near_2
