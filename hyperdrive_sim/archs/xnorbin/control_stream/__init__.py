"""Control streams of XNORBIN: everything that the chip does for one frame, as a file that is executed without the network.

The designers speak of a tool that maps networks from PyTorch to such a stream (COOL Chips 2018); neither it nor its format was released.
The format here is this project's own. A record says what the schedule's task does: a pass for every block of output channels of a
convolution, its weights in the order in which the array takes them, its thresholds, and addresses in bits of the two memories.

    records      what records there are, and what each field means
    binary       a stream as bytes
    text         a stream as text, and back: disassembler and assembler
    checking     that a stream asks for nothing that its machine does not have
    interpreter  executes a stream, bit for bit
    export       writes the stream of a schedule
"""
