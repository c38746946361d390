; The file's header: NROM, 32 KiB of program, 8 KiB of pictures; nothing scrolls, so the mirroring does not matter.

.segment "HEADER"
        .byte "NES", $1A, 2, 1, 1, 0
        .res 8, 0

.segment "VECTORS"
.include "game.inc"
        .word nmi, reset, irq
