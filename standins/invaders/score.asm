; Points, high score, the extra cart, and the lines at the top and the bottom of the screen.

EXTRA_SOUND     equ 48          ; frames the extra cart's sound lasts

; Add DE (BCD) to the score of whoever plays; four digits, so it wraps at 10,000.  The demo earns none.
add_score:
        ld a,(game_mode)
        or a
        ret z
        call score_in_play
        ld a,(hl)
        add a,e
        daa
        ld (hl),a
        inc hl
        ld a,(hl)
        adc a,d
        daa
        ld (hl),a
        jp draw_scores

; HL = the score of whoever plays.
score_in_play:
        ld hl,score_1
        ld a,(player_page)
        cp PAGE_1
        ret z
        ld hl,score_2
        ret

; The higher the score, the sooner the next enemy shot: moves that the others must have made.
set_drop_reload:
        call score_in_play
        inc hl
        ld a,(hl)               ; hundreds and thousands
        ld hl,reload_table
_next:  cp (hl)
        inc hl
        jp c,_found
        inc hl
        jp _next
_found: ld a,(hl)
        ld (drop_reload),a
        ret

; below this many hundreds (BCD): moves
reload_table:
        db 03h,30h, 11h,10h, 21h,0Bh, 31h,08h, 0FFh,07h

; One more cart at 1500 points (or 1000, by DIP switch), once a game.
check_extra_ship:
        ld a,(game_mode)
        or a
        ret z
        ld hl,extra_ship_1
        ld a,(player_page)
        cp PAGE_1
        jp z,_flag
        inc hl
_flag:  ld a,(hl)
        or a
        ret z
        ld c,15h
        in a,(IN_PLAYER2)
        and DIP_BONUS
        jp z,_score
        ld c,10h
_score: push hl
        call score_in_play
        inc hl
        ld a,(hl)
        pop hl
        cp c
        ret c
        ld (hl),0
        ld l,PAGE_SHIPS
        ld a,(player_page)
        ld h,a
        inc (hl)
        ld a,EXTRA_SOUND
        ld (extra_hold),a
        jp draw_ships

; At the end of a player's game.
update_high_score:
        call score_in_play
        inc hl
        ld a,(high_score+1)
        cp (hl)
        jp c,_higher
        ret nz
        dec hl
        ld a,(high_score)
        cp (hl)
        ret nc
        inc hl
_higher:
        ld a,(hl)
        ld (high_score+1),a
        dec hl
        ld a,(hl)
        ld (high_score),a
        jp draw_scores

draw_header:
        ld hl,SCREEN+30
        ld de,header_text
        call print
        call draw_credits
        ; and on to the numbers
draw_scores:
        ld hl,SCREEN+LETTER*3+28
        ld de,score_1
        call print_score
        ld hl,SCREEN+LETTER*11+28
        ld de,high_score
        call print_score
        ld a,(two_players)
        or a
        ret z
        ld hl,SCREEN+LETTER*21+28
        ld de,score_2

; Four digits of the BCD number at DE.
print_score:
        push de
        inc de
        ld a,(de)
        call print_bcd
        pop de
        ld a,(de)
        jp print_bcd

; The number of carts left, and a picture for each in reserve.
draw_ships:
        ld a,(player_page)
        ld h,a
        ld l,PAGE_SHIPS
        ld a,(hl)
        ld c,a
        inc a
        push bc
        ld hl,SCREEN+LETTER+1
        call print_digit
        pop bc
        ld b,6                  ; C carts, then darkness up to the sixth place
        ld hl,3808h             ; X = 20h + 24, Y = 8
_next:  push hl
        push bc
        ld de,cart
        ld a,c
        or a
        jp nz,_cart
        ld de,blank_art
_cart:  ld b,16
        call put_sprite
        pop bc
        pop hl
        ld a,h
        add a,16
        ld h,a
        ld a,c
        or a
        jp z,_none
        dec c
_none:  dec b
        jp nz,_next
        ret

blank_art:
        db 0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0

; Changes A only.
draw_credits:
        push hl
        push de
        push bc
        ld hl,SCREEN+LETTER*17+1
        ld de,credit_text
        call print
        ld a,(credits)
        call print_bcd
        pop bc
        pop de
        pop hl
        ret

header_text:
        db " SCORE<1> HI-SCORE SCORE<2>",0
credit_text:
        db "CREDIT ",0
