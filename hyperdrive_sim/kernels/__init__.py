"""KERNELS: inner loops, compiled where numba is installed, which know arrays and nothing else.

Three of them: ordered-FP16 convolution, binary weights over FP16 maps (`fp16`, whose names this folder offers), XNOR-popcount convolution,
binary weights over binary maps (`xnor`), and the ordinary convolution of real numbers (`real`). Each is one contract (`Fp16Kernel`,
`XnorKernel`, `RealKernel`) with several variants, from numpy to vector instructions. All variants of a kernel give the same bits, but for
the order in which numpy adds real numbers. Which one is taken is settled by what the processor can do, before anything is compiled:

    variant = kernel()
    packed = variant.pack(signs)               # once per layer or block of output channels
    y = variant.convolve(x, packed, stride)    # x is padded; channels last

Reading order: processors (how many, and work that threads share), sliding (sizes, bands of rows), fp16_numpy, fp16_numba, fp16_vector
(arrays) over fp16_llvm (instructions) over emit, fp16 over selection. The other two, with variants of their own, stand beside it: xnor and
real, which name their modules. What comes behind an FP16 convolution (factor, bypass, offset, ReLU) is in finishing. Beside them, for
schedules: loops over event_loop, over instants.
"""

from hyperdrive_sim.kernels.fp16 import Fp16Kernel, available, fastest, kernel

__all__ = ["Fp16Kernel", "available", "fastest", "kernel"]
