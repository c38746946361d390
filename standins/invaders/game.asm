; One game: from the start button to GAME OVER.  A turn lasts until a cart is lost in a game of two, or
; until the wave is cleared.

MIDDLE          equ SCREEN+17   ; the text row in the middle of the playfield
WAVE_PAUSE      equ 48
PROMPT_BLINKS   equ 16
OVER_FRAMES     equ 128

; A = number of players less one.
start_game:
        ld (two_players),a
        ld (in_game_2),a
        ld (extra_ship_2),a
        inc a
        ld b,a
        ld a,1
        ld (in_game_1),a
        ld (extra_ship_1),a
        ld (game_mode),a
        ld a,(credits)
_pay:   add a,99h               ; BCD: less one
        daa
        dec b
        jp nz,_pay
        ld (credits),a
        ld hl,0
        ld (score_1),hl
        ld (score_2),hl
        call clear_screen
        call draw_header
        ld a,PAGE_2
        call fresh_player
        ld a,PAGE_1
        call fresh_player

; The player of player_page is told to get ready.
announce_turn:
        ld sp,STACK_TOP
        xor a
        ld (moving),a
        call silence
        call clear_playfield
        call take_ship
        ld hl,MIDDLE+LETTER*7
        ld de,play_text
        call print
        call print_player_number
        ld c,PROMPT_BLINKS
_blink: ld b,4
        call wait_frames
        push bc
        call blank_score
        pop bc
        ld b,4
        call wait_frames
        push bc
        call draw_scores
        pop bc
        dec c
        jp nz,_blink

; Set up the screen and the things on it for the player of player_page.
begin_turn:
        ld sp,STACK_TOP
        call clear_objects
        call load_rack
        call clear_playfield
        call draw_hedges
        call draw_ground
        call draw_ships
        ld a,1
        ld (moving),a
        ld (player_ok),a

; One pass is one frame.
play_frame:
        call wait_frame
        call read_controls
        call update_player
        call update_spark
        call update_rack
        call update_drops
        call count_bonus_down
        call set_drop_reload
        call check_extra_ship
        call update_sound
        call check_landing
        ld a,(ship_lost)
        or a
        jp nz,lose_ship
        ld a,(game_mode)
        or a
        jp z,demo_frame
        call check_wave
        jp play_frame

read_controls:
        ld a,(game_mode)
        or a
        jp z,demo_controls
        ld a,(player_page)
        cp PAGE_1
        jp nz,_second
        in a,(IN_PLAYER1)
        ld (controls),a
        ret
_second:
        in a,(IN_PLAYER2)
        ld (controls),a
        ret

; The swarm on the ground ends the player's game, reserve or not.
check_landing:
        ld a,(invaded)
        or a
        ret z
        ld a,(player_alive)
        cp PLAYER_ALIVE
        ret nz
        ld a,(player_page)
        ld h,a
        ld l,PAGE_SHIPS
        ld (hl),0
        call draw_ships
        jp hit_player

; All gone: a short pause, then the next wave.
check_wave:
        ld a,(enemies_left)
        or a
        ret nz
        ld a,(player_alive)
        cp PLAYER_ALIVE
        ret nz
        ld hl,wave_pause
        dec (hl)
        ret nz
        ld l,PAGE_WAVE
        ld a,(player_page)
        ld h,a
        ld a,(hl)
        and 7
        inc a
        ld (hl),a
        call fresh_wave
        jp begin_turn

lose_ship:
        ld a,(game_mode)
        or a
        jp z,demo_over
        ld a,(player_page)
        ld h,a
        ld l,PAGE_SHIPS
        ld a,(hl)
        or a
        jp z,player_over
        call other_player_plays
        jp nz,change_turns
        call take_ship
        call reset_player
        jp play_frame

change_turns:
        call save_turn
        call other_player
        jp announce_turn

; The last cart is lost.
player_over:
        call silence
        call update_high_score
        call out_of_game
        xor a
        ld (moving),a
        ld hl,SCREEN+24+LETTER*9
        ld de,over_text
        call type_text
        ld a,(two_players)
        or a
        jp z,_wait
        ld hl,SCREEN+25+LETTER*9
        ld de,player_text
        call print
        call print_player_number
_wait:  ld b,OVER_FRAMES
        call wait_frames
        call other_player_plays
        jp z,_end
        call other_player
        jp announce_turn
_end:   xor a
        ld (game_mode),a
        jp attract

; Not zero if there is another player still in the game.
other_player_plays:
        ld a,(two_players)
        or a
        ret z
        ld hl,in_game_2
        ld a,(player_page)
        cp PAGE_1
        jp z,_flag
        dec hl
_flag:  ld a,(hl)
        or a
        ret

out_of_game:
        ld hl,in_game_1
        ld a,(player_page)
        cp PAGE_1
        jp z,_flag
        inc hl
_flag:  ld (hl),0
        ret

other_player:
        ld a,(player_page)
        xor PAGE_1 xor PAGE_2
        ld (player_page),a
        ret

print_player_number:
        ld a,(player_page)
        and 3                   ; 21h and 22h
        call print_digit
        ld a,'>'
        jp draw_letter

blank_score:
        ld hl,SCREEN+LETTER*3+28
        ld a,(player_page)
        cp PAGE_1
        jp z,_blank
        ld hl,SCREEN+LETTER*21+28
_blank: ld de,blank_text
        jp print

play_text:
        db "PLAYER<",0
over_text:
        db "GAME OVER",0
player_text:
        db "PLAYER<",0
blank_text:
        db "    ",0
