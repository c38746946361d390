; A NES game for tests. It counts frames, says what is pressed, and draws where it is:
;
;   $00, $01  frames since power-on, low byte first
;   $02, $03  controllers 1 and 2: bit 7 A, then B, Select, Start, Up, Down, Left, Right
;   $04       everything so far, stirred together
;   $05, $06  how often a loop of 8 cycles went round in the frame before: the frame's length
;   $0200     the sprites' memory: one white square, whose left edge is at $00, its upper one at line 101
;
; The background's colour is $00 too, modulo 32. White tiles are in the first and the last row.
;
; Build: ca65 counter.s -o counter.o && ld65 -C counter.cfg counter.o -o counter.nes

.segment "HEADER"
    .byte "NES", $1A, 1, 1, 0, 0

.segment "ZEROPAGE"
count:  .res 2
pads:   .res 2
stirred: .res 1
length: .res 2
ticks:  .res 2

sprites = $0200
colour  = $3F00
ROW_BYTES = 32

.segment "CODE"

reset:
    sei
    cld
    ldx #$FF
    txs
    inx                 ; 0
    stx $2000           ; no interrupt yet,
    stx $2001           ; and no picture
    bit $2002
wait1:
    bit $2002
    bpl wait1

    lda #0
clear:
    sta $00,x
    sta $0100,x
    sta $0300,x
    sta $0700,x
    inx
    bne clear
    lda #$FF            ; sprites below the screen
hide:
    sta sprites,x
    inx
    bne hide

wait2:
    bit $2002
    bpl wait2

    lda #$20            ; all tiles empty, all of palette 0
    ldy #0
    jsr address
    ldx #4
    lda #0
    tay
tiles:
    sta $2007
    iny
    bne tiles
    dex
    bne tiles
    lda #$20            ; the first row,
    ldy #$00
    jsr white_row
    lda #$23            ; and the last, the 30th
    ldy #$A0
    jsr white_row

    lda #$3F            ; palettes: white
    ldy #$00
    jsr address
    lda #$30
    ldx #32
palettes:
    sta $2007
    dex
    bne palettes

    lda #$80            ; from now on an interrupt a frame
    sta $2000
forever:
    inc ticks
    bne forever
    inc ticks + 1
    jmp forever

; a: high byte, y: low byte
address:
    bit $2002
    sta $2006
    sty $2006
    rts

white_row:
    jsr address
    lda #1
    ldx #ROW_BYTES
white:
    sta $2007
    dex
    bne white
    rts

frame:
    lda ticks
    sta length
    lda ticks + 1
    sta length + 1
    lda #0
    sta ticks
    sta ticks + 1
    inc count
    bne counted
    inc count + 1
counted:
    lda #100
    sta sprites
    lda #1
    sta sprites + 1
    lda #0
    sta sprites + 2
    lda count
    sta sprites + 3
    lda #>sprites
    sta $4014

    lda #>colour
    ldy #<colour
    jsr address
    lda count
    and #$1F
    sta $2007
    lda #0              ; back to the upper left corner
    tay
    jsr address
    sta $2005
    sta $2005
    lda #$80
    sta $2000
    lda #$1E            ; background and sprites, at the edge too
    sta $2001

    lda #1
    sta $4016
    lda #0
    sta $4016
    ldx #8
buttons:
    lda $4016
    lsr a
    rol pads
    lda $4017
    lsr a
    rol pads + 1
    dex
    bne buttons

    lda stirred
    asl a
    adc count
    eor pads
    adc pads + 1
    sta stirred
nothing:
    rti

.segment "VECTORS"
    .addr frame, reset, nothing

.segment "CHARS"
    .res 16             ; tile 0 is empty
    .res 8, $FF         ; tile 1 is full
    .res 8, $FF
