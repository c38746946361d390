; The board: an 8080 at 1.9968 MHz, 8 KiB ROM, 1 KiB RAM, a 224 x 256 bitmap of one bit a pixel.
; The bitmap is stored column by column, 32 bytes each, from the bottom of the picture upwards.

RAM             equ 2000h
STACK_TOP       equ 2400h       ; the stack grows down through the unused part of work RAM
SCREEN          equ 2400h
SCREEN_END      equ 4000h
COLUMN          equ 32          ; bytes from one screen column to the next
LETTER          equ 100h        ; bytes from one letter to the next: 8 columns

; ports read
IN_PLAYER1      equ 1
COIN            equ 01h
START2          equ 02h
START1          equ 04h
FIRE            equ 10h         ; these three are the same bits in IN_PLAYER2
LEFT            equ 20h
RIGHT           equ 40h
IN_PLAYER2      equ 2           ; also the DIP switches:
DIP_SHIPS       equ 03h         ;   3 to 6 ships
DIP_BONUS       equ 08h         ;   extra ship at 1000 instead of 1500
SHIFT_RESULT    equ 3

; ports written
SHIFT_AMOUNT    equ 2
SOUND1          equ 3
SHIFT_DATA      equ 4
SOUND2          equ 5
WATCHDOG        equ 6

; SOUND1
SOUND_BAT       equ 01h
SOUND_SPARK     equ 02h
SOUND_WRECK     equ 04h
SOUND_HIT       equ 08h
SOUND_EXTRA     equ 10h
SOUND_AMP       equ 20h
; SOUND2: bits 0-3 are the four steps of the march
SOUND_BAT_HIT   equ 10h

; OUT of the accumulator.  (pasmo 0.5.3 takes `out (n),a` for a Z80 instruction; the 8080 has it.)
out_a   MACRO port
        db 0D3h,port
        ENDM
