; MOTH WATCH, a game for the Midway 8080 board.  This file lays out the ROM.
; Z80 mnemonics, but only instructions that the 8080 has too (pasmo --w8080 watches over it).

        include "hardware.asm"
        include "ram.asm"

        org 0
        jp cold_start
        org 8                   ; RST 1: the beam is mid-screen
        jp mid_screen
        org 16                  ; RST 2: start of the vertical blank
        jp vertical_blank

        org 32
        include "system.asm"    ; power-up, interrupts, coins, waiting for frames
        include "attract.asm"   ; title, score table, demo, waiting for the start button
        include "game.asm"      ; one game: turns, waves, lives, the end
        include "turns.asm"     ; what a turn starts with and leaves behind
        include "player.asm"    ; the cart
        include "spark.asm"     ; the cart's shot
        include "rack.asm"      ; the swarm and its walk
        include "drops.asm"     ; the swarm's three kinds of shots
        include "bonus.asm"     ; the bat
        include "hedges.asm"    ; the shelters and the ground
        include "score.asm"     ; points, the extra cart, the score line
        include "sound.asm"     ; the board's sound bits
        include "draw.asm"      ; sprites on the bitmap
        include "text.asm"      ; letters on the bitmap
        include "art.asm"       ; the pictures, made from art/*.txt by build.py
