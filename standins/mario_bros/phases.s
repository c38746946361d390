; The course of a game: phases, their beginning and end, pause, and game over.

.include "game.inc"

START_LIVES = 3
INTRO_FRAMES = 110
CLEAR_FRAMES = 110
OVER_FRAMES = 220

.segment "CODE"

; From the title, in the way that MODE says.
.proc start_game
        lda MODE
        and #1
        sta GAME_B
        jsr clear_scores
        lda #START_LIVES
        sta LIVES
        ldx MODE
        cpx #2
        bcs :+
        lda #0
:       sta LIVES_2
        lda #3
        sta GONG
        lda #0
        sta LEVEL
        sta LEVEL_SHOWN
        lda #SOUND_START
        jsr play_sound
        ; on to the first phase
.endproc

; The next phase, on a new screen.
.proc enter_phase
        jsr video_off
        inc LEVEL
        lda LEVEL_SHOWN
        clc
        adc #1
        sta LEVEL_SHOWN
        and #$0F
        cmp #10
        bcc :+
        lda LEVEL_SHOWN
        adc #5
        sta LEVEL_SHOWN
:       lda #0
        tax
:       sta ENTITY,x
        inx
        bne :-
        ldx #7
:       sta ICE,x
        dex
        bpl :-
        ldx #3
:       sta POPUP_TIME,x
        dex
        bpl :-
        sta KNOCK_TIME
        sta KNOCK_TIME+1
        sta COARSE
        sta SHAKE
        sta BONUS
        lda LEVEL               ; the third of every five is one of coins
:       cmp #5
        bcc :+
        sbc #5
        bcs :-
:       cmp #3
        bne :+
        inc BONUS
        lda #3                  ; and the gong is mended
        sta GONG
        jsr enter_bonus
:       jsr fill_pipes
        ldx #0
        jsr place_player
        ldx #PLAYER_2
        jsr place_player
        jsr draw_arena
        jsr print_phase
        lda BONUS
        beq :+
        jsr print_bonus_time
:       lda #ST_INTRO
        sta STATE
        lda #INTRO_FRAMES
        sta STATE_TIME
        jmp video_on
.endproc

.proc run_intro
        jsr draw_hud
        jsr draw_entities
        lda BONUS
        beq :+
        jsr draw_coins
:       dec STATE_TIME
        bne :+
        lda #ST_PLAY
        sta STATE
:       rts
.endproc

.proc run_play
        jsr run_players
        lda BONUS
        bne coins
        jsr run_pipes
        jsr run_enemies
        jsr run_touch
        jsr run_knocks
        jsr draw_all
        jsr check_over
        lda ENEMIES
        bne pause
        lda ENTITY + $02        ; nobody may be dying
        cmp #PL_DIES
        beq pause
        lda ENTITY + PLAYER_2 + $02
        cmp #PL_DIES
        beq pause
clear:  lda STATE
        cmp #ST_PLAY
        bne done
        lda #ST_CLEAR
        sta STATE
        lda #CLEAR_FRAMES
        sta STATE_TIME
        lda #SOUND_CLEAR
        jsr play_sound
        lda BONUS
        beq done
        lda #<perfect
        sta PTR
        lda #>perfect
        sta PTR+1
        lda PERFECT
        beq done
        jmp print
coins:  jsr run_knocks
        jsr run_bonus
        php
        jsr draw_coins
        jsr draw_all
        plp
        bcs clear
pause:  lda PRESSED
        ora PRESSED+2
        and #BUTTON_START
        beq done
        lda STATE
        cmp #ST_PLAY
        bne done
        lda #ST_PAUSE
        sta STATE
done:   rts
perfect:
        .byte >(NAMETABLE + 10 * 32 + 8), <(NAMETABLE + 10 * 32 + 8), "PERFECT! 5000 PTS", 0
.endproc

.proc draw_all
        jsr draw_hud
        jsr run_popups
        jmp draw_entities
.endproc

.proc run_pause
        jsr draw_entities
        lda PRESSED
        ora PRESSED+2
        and #BUTTON_START
        beq :+
        lda #ST_PLAY
        sta STATE
:       rts
.endproc

.proc run_clear
        jsr run_knocks
        jsr draw_all
        dec STATE_TIME
        bne :+
        jmp enter_phase
:       rts
.endproc

; Nobody has a life left?
.proc check_over
        lda LIVES
        ora LIVES_2
        bne :+
        lda #ST_OVER
        sta STATE
        lda #OVER_FRAMES
        sta STATE_TIME
        lda #SOUND_OVER
        jsr play_sound
        lda #<text
        sta PTR
        lda #>text
        sta PTR+1
        jsr print
:       rts
text:   .byte >(NAMETABLE + 10 * 32 + 11), <(NAMETABLE + 10 * 32 + 11), "GAME OVER", 0
.endproc

.proc run_over
        jsr run_knocks
        jsr draw_all
        dec STATE_TIME
        bne :+
        jmp enter_title
:       rts
.endproc
