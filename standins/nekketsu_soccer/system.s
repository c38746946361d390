; What every part uses: the controller, random numbers, whole screens, and changes of the picture between frames.

.include "hardware.inc"
.include "ram.inc"

.export read_pad, stir, random, send_vram, load_screen, put_text, put_tile, add_signed

.segment "CODE"

; The first controller: held buttons in pad, fresh presses in pad_new.
read_pad:
        ldy pad
        ldx #1
        stx JOY1
        stx pad
        dex
        stx JOY1
@bit:
        lda JOY1
        lsr a
        rol pad
        bcc @bit
        tya
        eor #$FF
        and pad
        sta pad_new
        rts

; A shift register of 16 bits (x^16+x^5+x^3+x^2+1) is all the chance there is. Moved once a frame, and at each use.
random:
        ldy #7
@again:
        jsr stir
        dey
        bne @again
stir:
        asl random_lo
        rol random_hi
        bcc @done
        lda random_lo
        eor #$2D
        sta random_lo
@done:
        lda random_lo
        eor random_hi
        rts

; sum (16 bits) += A (signed). Keeps X and Y.
add_signed:
        pha
        clc
        adc sum
        sta sum
        pla
        bmi @negative
        lda sum+1
        adc #0
        sta sum+1
        rts
@negative:
        lda sum+1
        adc #$FF
        sta sum+1
        rts

; The screen at pointer (width, height, tiles) and the attributes at pointer2, with the display off meanwhile.
load_screen:
        lda #0
        sta PPUCTRL
        sta PPUMASK
        sta vram_used
        sta vram
        bit PPUSTATUS
        lda #>NAMETABLE
        sta PPUADDR
        lda #<NAMETABLE
        sta PPUADDR
        clc
        lda pointer
        adc #2
        sta pointer
        bcc @tiles
        inc pointer+1
@tiles:
        ldx #4
        ldy #0
@page:
        lda (pointer),y
        sta PPUDATA
        iny
        cpx #1
        bne @whole
        cpy #$C0                ; 960 tiles: three pages and 192
        beq @attributes
@whole:
        cpy #0
        bne @page
        inc pointer+1
        dex
        bne @page
@attributes:
        ldy #0
@attribute:
        lda (pointer2),y
        sta PPUDATA
        iny
        cpy #64
        bne @attribute
        lda #>PALETTE
        sta PPUADDR
        lda #<PALETTE
        sta PPUADDR
        ldx #0
@colour:
        lda colours,x
        sta PPUDATA
        inx
        cpx #32
        bne @colour
        lda #$1E
        sta mask
        lda #$88
        sta PPUCTRL
        rts

; Ask for the text at pointer (address high, low, letters, 0) to be shown with the next frame.
put_text:
        ldx vram_used
        ldy #0
        lda (pointer),y
        sta vram,x
        iny
        lda (pointer),y
        sta vram+1,x
        stx temp
        inx
        inx
        inx
        iny
@letter:
        lda (pointer),y
        beq @end
        sta vram,x
        inx
        iny
        bne @letter
@end:
        lda #0
        sta vram,x
        stx vram_used
        dey
        dey
        tya
        ldx temp
        sta vram+2,x
        rts

; The same for one tile: A, at address temp (high), temp+1 (low).
put_tile:
        ldx vram_used
        sta vram+3,x
        lda temp
        sta vram,x
        lda temp+1
        sta vram+1,x
        lda #1
        sta vram+2,x
        lda #0
        sta vram+4,x
        inx
        inx
        inx
        inx
        stx vram_used
        rts

; In the interrupt: what was asked for.
send_vram:
        ldx #0
@block:
        lda vram,x
        beq @end
        bit PPUSTATUS
        sta PPUADDR
        lda vram+1,x
        sta PPUADDR
        ldy vram+2,x
@byte:
        lda vram+3,x
        sta PPUDATA
        inx
        dey
        bne @byte
        inx
        inx
        inx
        bne @block
@end:
        lda #0
        sta vram_used
        sta vram
        rts

.segment "RODATA"
colours:
        .byte $0F,$1A,$19,$30   ; grass
        .byte $0F,$01,$0A,$28   ; evening
        .byte $0F,$27,$22,$30   ; board
        .byte $0F,$1A,$10,$30   ; goal
        .byte $0F,$0F,$36,$27   ; the player's side
        .byte $0F,$0F,$36,$02   ; the computer's
        .byte $0F,$0F,$10,$30   ; ball
        .byte $0F,$0F,$28,$16   ; wind sock
