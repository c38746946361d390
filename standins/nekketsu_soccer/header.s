; The cartridge: NROM, 32 KiB of program, 8 KiB of pictures; and where the processor begins.

.import reset, nmi, irq

.segment "HEADER"
        .byte "NES", $1A, 2, 1, $01, 0
        .res 8, 0

.segment "VECTORS"
        .word nmi, reset, irq
