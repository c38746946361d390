; What the machine does while nobody plays: title, table of points, a demo that plays itself, and the
; call for a coin.  As soon as there is a credit it waits for the start button instead.

DEMO_FRAMES     equ 1500
TABLE_X         equ 20h+68      ; the middle of the creatures
TABLE_TEXTS     equ SCREEN+16+LETTER*11
TABLE_BEAT      equ 24          ; frames per picture
TABLE_BEATS     equ 10
COINAGE_HIDDEN  equ 80h         ; DIP switch in IN_PLAYER2

attract:
        ld sp,STACK_TOP
        xor a
        ld (game_mode),a
        ld (moving),a
        ld (in_game_1),a
        ld (in_game_2),a
        call silence
        call clear_screen
        call draw_header
        ld a,1
        ld (coin_watch),a

        ; title
        ld hl,SCREEN+24+LETTER*4
        ld de,title_text
        call print_big
        ld b,40
        call wait_frames
        ld hl,SCREEN+20+LETTER*4
        ld de,motto_text
        call type_text
        ld b,30
        call wait_frames

        ; table of points
        ld c,0
        call draw_table
        ld de,table_texts
        ld hl,TABLE_TEXTS
        ld c,4
_text:  push hl
        push bc
        call type_text
        pop bc
        pop hl
        dec hl
        dec hl
        inc de
        dec c
        jp nz,_text
        ld c,TABLE_BEATS
_beat:  ld b,TABLE_BEAT
        call wait_frames
        push bc
        call draw_table
        pop bc
        dec c
        jp nz,_beat

        ; the demo: a game without points, ended by time or by a lost cart
        call clear_playfield
        ld a,PAGE_1
        call fresh_player
        call take_ship
        ld hl,DEMO_FRAMES
        ld (demo_time),hl
        jp begin_turn

; The creatures of the table of points, in their first picture if C is even, else in their second.
draw_table:
        ld a,c
        and 1
        ld c,a
        ld hl,table_sprites
_sprite:
        ld a,(hl)
        or a
        ret z
        push bc
        ld b,a                  ; width
        inc hl
        ld e,(hl)
        inc hl
        ld d,(hl)
        inc hl
        dec c
        jp nz,_picture
        add a,e                 ; the second picture follows the first
        ld e,a
        jp nc,_picture
        inc d
_picture:
        ld a,(hl)               ; X
        inc hl
        ld c,(hl)               ; Y
        inc hl
        push hl
        ld h,a
        ld l,c
        call put_sprite
        pop hl
        pop bc
        jp _sprite

; Called by the game loop once a frame while no game is on.
demo_frame:
        ld hl,(demo_time)
        dec hl
        ld (demo_time),hl
        ld a,h
        or l
        jp z,demo_over
        ld a,(enemies_left)
        or a
        jp nz,play_frame

demo_over:
        ld sp,STACK_TOP
        xor a
        ld (moving),a
        call clear_playfield
        ld hl,MIDDLE+LETTER*8
        ld de,coin_text
        call type_text
        ld hl,MIDDLE-3+LETTER*6
        ld de,players_text
        call type_text
        in a,(IN_PLAYER2)
        and COINAGE_HIDDEN
        jp nz,_pause
        ld hl,MIDDLE-6+LETTER*7
        ld de,price_text
        call type_text
_pause: ld b,180
        call wait_frames
        jp attract

; The demo's hands: away from a shot that comes close, else strolling; and firing all the time.
demo_controls:
        ld a,(frame_count)
        and FIRE                ; pressed and let go every 16 frames
        ld b,a
        ld hl,drop_rolling+8
        call shot_is_close
        jp c,_away
        ld hl,drop_plunger+8
        call shot_is_close
        jp c,_away
        ld hl,drop_squiggly+8
        call shot_is_close
        jp c,_away
        ld a,(frame_count+1)
        rrca
        ld a,b
        jp c,_left
_right: or RIGHT
        ld (controls),a
        ret
_left:  or LEFT
        ld (controls),a
        ret
_away:  rlca                    ; A = distance: negative, the shot is to the left
        ld a,b
        jp c,_right
        jp _left

; HL = a shot's Y and X: carry if it is low and near the cart, with A = how far to the right.
shot_is_close:
        ld a,(hl)
        cp 60h
        ret nc
        or a
        ret z
        inc hl
        ld a,(player_x)
        add a,8
        ld c,a
        ld a,(hl)
        sub c
        ld c,a
        add a,14
        cp 28
        ld a,c
        ret

; A credit is there: wait for the start button.
press_start:
        ld sp,STACK_TOP
        xor a
        ld (coin_watch),a
        ld (moving),a
        call silence
        call clear_playfield
        ld hl,MIDDLE+2+LETTER*12
        ld de,press_text
        call print
_again: ld a,(credits)
        or a
        jp z,attract
        ld de,one_text
        cp 2
        jp c,_print
        ld de,two_text
_print: ld hl,MIDDLE-1+LETTER*6
        call print
        call wait_frame
        in a,(IN_PLAYER1)
        ld b,a
        and START1
        ld a,0
        jp nz,start_game
        ld a,b
        and START2
        jp z,_again
        ld a,(credits)
        cp 2
        jp c,_again
        ld a,1
        jp start_game

title_text:
        db "MOTH WATCH",0
motto_text:
        db "KEEP THE LANTERN LIT",0
table_sprites:                  ; width, picture, X, Y
        db 24
        dw bat_a
        db TABLE_X-12,128
        db 16
        dw gnat_a
        db TABLE_X-8,112
        db 16
        dw moth_a
        db TABLE_X-8,96
        db 16
        dw beetle_a
        db TABLE_X-8,80
        db 0
table_texts:
        db "=? POINTS",0
        db "=30 POINTS",0
        db "=20 POINTS",0
        db "=10 POINTS",0
coin_text:
        db "INSERT  COIN",0
players_text:
        db "<1 OR 2 PLAYERS>",0
price_text:
        db "1 COIN A PLAYER",0
press_text:
        db "PRESS",0
one_text:
        db " 1 PLAYER START ",0
two_text:
        db "1 OR 2 PLAYERS  ",0
