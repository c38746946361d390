; LANTERN CUP, a penalty shoot-out for the NES. This file: switching on, the frame, and what each phase does.

.include "hardware.inc"
.include "ram.inc"

.import read_pad, stir, send_vram
.import title_begin, title_frame, announce_frame, runup_frame, flight_frame, verdict_frame, over_frame
.import draw_sprites, sound_reset, sound_frame
.export reset, nmi, irq

.segment "CODE"

reset:
        sei
        cld
        ldx #$40
        stx APU_FRAME
        ldx #$FF
        txs
        inx
        stx PPUCTRL
        stx PPUMASK
        stx DMC_FREQ
        bit PPUSTATUS
@warm_up:
        bit PPUSTATUS
        bpl @warm_up
        lda #0
@clear:
        sta $0000,x
        sta $0100,x
        sta $0300,x
        sta $0400,x
        sta $0500,x
        sta $0600,x
        sta $0700,x
        inx
        bne @clear
        lda #$FF
@hide:
        sta oam,x
        inx
        bne @hide
@warm:
        bit PPUSTATUS
        bpl @warm
        lda #$5A
        sta random_lo
        lda #$C3
        sta random_hi
        jsr sound_reset
        jsr title_begin

forever:
        lda #1
        sta frame_ready
        lda #0
        sta frame_done
@wait:
        lda frame_done
        beq @wait
        inc frames
        jsr read_pad
        jsr stir
        jsr run_phase
        jsr draw_sprites
        jsr sound_frame
        jmp forever

run_phase:
        lda phase
        asl a
        tax
        lda phases+1,x
        pha
        lda phases,x
        pha
        rts

; The picture is sent while the beam returns; if the program is late, the old one stays.
nmi:
        pha
        txa
        pha
        tya
        pha
        lda frame_ready
        beq @late
        lda #0
        sta OAMADDR
        lda #>oam
        sta OAMDMA
        jsr send_vram
        lda #0
        sta frame_ready
        sta PPUSCROLL
        sta PPUSCROLL
        lda #$88                ; interrupt on, sprites from the second half of the pictures
        sta PPUCTRL
        lda mask
        sta PPUMASK
        lda #1
        sta frame_done
@late:
        pla
        tay
        pla
        tax
        pla
irq:
        rti

.segment "RODATA"
phases:
        .word title_frame-1, announce_frame-1, runup_frame-1, flight_frame-1, verdict_frame-1, over_frame-1
