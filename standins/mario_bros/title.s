; The title: the name, four ways to play, and a mole after a snail.

.include "game.inc"

MENU_ROW    = 15
CHASE_Y     = 200

.segment "CODE"

.proc enter_title
        jsr video_off
        lda #ST_TITLE
        sta STATE
        lda #0                  ; nobody is in the game
        tax
:       sta ENTITY,x
        inx
        bne :-
        sta LIVES
        sta LIVES_2
        sta SHAKE
        sta LEVEL_SHOWN
        ldx #3
:       sta POPUP_TIME,x
        dex
        bpl :-
        jsr clear_screen
        lda #>ATTRIBUTES        ; the texts are white
        ldy #<ATTRIBUTES + 24
        jsr video_address
        ldx #24
        lda #0
:       sta PPUDATA
        dex
        bne :-
        lda #<title_colours
        sta PTR
        lda #>title_colours
        sta PTR+1
        jsr set_palette
        lda #<logo_root
        sta PTR
        lda #>logo_root
        sta PTR+1
        lda #>(NAMETABLE + 3 * 32 + 10)
        sta TMP
        lda #<(NAMETABLE + 3 * 32 + 10)
        sta TMP+1
        jsr draw_picture
        lda #<logo_cellar
        sta PTR
        lda #>logo_cellar
        sta PTR+1
        lda #>(NAMETABLE + 7 * 32 + 7)
        sta TMP
        lda #<(NAMETABLE + 7 * 32 + 7)
        sta TMP+1
        jsr draw_picture
        lda #>(NAMETABLE + 25 * 32)
        ldy #<(NAMETABLE + 25 * 32)
        jsr video_address
        ldx #32
        lda #FLOOR
:       sta PPUDATA
        dex
        bne :-
        ldx #0
texts:  lda menu,x
        beq done
        ldy menu+1,x
        jsr video_address
        inx
        inx
:       lda menu,x
        inx
        cmp #0
        beq texts
        sta PPUDATA
        bne :-
done:   lda #>(NAMETABLE + 12 * 32 + 16)
        ldy #<(NAMETABLE + 12 * 32 + 16)
        jsr video_address
        ldx #0                  ; the best score
:       lda SCORES+1,x
        lsr a
        lsr a
        lsr a
        lsr a
        ora #'0'
        sta PPUDATA
        lda SCORES+1,x
        and #$0F
        ora #'0'
        sta PPUDATA
        inx
        cpx #3
        bne :-
        jmp video_on
.endproc

.proc run_title
        lda PRESSED
        and #BUTTON_START
        jne start
        lda PRESSED
        and #BUTTON_SELECT | BUTTON_DOWN
        beq :+
        inc MODE
        bne moved
:       lda PRESSED
        and #BUTTON_UP
        beq draw
        dec MODE
moved:  lda MODE
        and #3
        sta MODE
        lda #SOUND_TICK
        jsr play_sound
draw:   lda #72                 ; the pointer
        sta PART_X
        lda MODE
        asl a
        asl a
        asl a
        asl a
        adc #MENU_ROW * 8 - 1
        sta PART_Y
        lda #0
        sta PART_ATTR
        lda #<pointer
        sta PTR
        lda #>pointer
        sta PTR+1
        jsr draw_shape
        lda FINE                ; the snail
        clc
        adc #40
        sta PART_X
        lda #CHASE_Y - 17
        sta PART_Y
        lda #2
        sta PART_ATTR
        lda #<snail_a
        ldx #>snail_a
        jsr pace
        bne :+
        lda #<snail_b
        ldx #>snail_b
:       jsr shape
        lda FINE                ; the mole
        sta PART_X
        lda #CHASE_Y - 25
        sta PART_Y
        lda #0
        sta PART_ATTR
        lda #<mole_walk_a
        ldx #>mole_walk_a
        jsr pace
        bne :+
        lda #<mole_walk_b
        ldx #>mole_walk_b
:
shape:  sta PTR
        stx PTR+1
        jmp draw_shape
pace:   pha
        lda FINE
        and #8
        sta TMP
        pla
        ldy TMP
        rts
start:  jmp start_game
.endproc

.segment "RODATA"

title_colours:
        .byte $0F,$16,$27,$30, $0F,$07,$17,$28, $0F,$09,$1A,$2A, $0F,$02,$11,$31
        .byte $0F,$17,$36,$28, $0F,$12,$36,$2C, $0F,$19,$37,$29, $0F,$06,$37,$16
menu:   .byte >(NAMETABLE + 12 * 32 + 11), <(NAMETABLE + 12 * 32 + 11), "BEST", 0
        .byte >(NAMETABLE + 15 * 32 + 11), <(NAMETABLE + 15 * 32 + 11), "1 PLAYER  A", 0
        .byte >(NAMETABLE + 17 * 32 + 11), <(NAMETABLE + 17 * 32 + 11), "1 PLAYER  B", 0
        .byte >(NAMETABLE + 19 * 32 + 11), <(NAMETABLE + 19 * 32 + 11), "2 PLAYERS A", 0
        .byte >(NAMETABLE + 21 * 32 + 11), <(NAMETABLE + 21 * 32 + 11), "2 PLAYERS B", 0
        .byte >(NAMETABLE + 27 * 32 + 5), <(NAMETABLE + 27 * 32 + 5), "MADE FOR QUARTERUP 2026", 0
        .byte 0
