"""KERNELS: inner loops, compiled where numba is installed, which know arrays and nothing else.

Two of them: ordered-FP16 convolution, binary weights over FP16 maps (`fp16`, whose names this folder offers), and XNOR-popcount
convolution, binary weights over binary maps (`xnor`). Each is one contract (`Fp16Kernel`, `XnorKernel`) with several variants, from numpy
to vector instructions. All variants of a kernel give the same bits. Which one is taken is settled by what the processor can do, before
anything is compiled:

    variant = kernel()
    packed = variant.pack(signs)               # once per layer or block of output channels
    y = variant.convolve(x, packed, stride)    # x is padded; channels last

Reading order: sliding (sizes, bands of rows), fp16_numpy, fp16_numba, fp16_vector (arrays) over fp16_llvm (instructions) over emit, fp16
over selection. The binary convolution, with variants of its own, stands beside it: xnor, which names its modules. What comes behind an
FP16 convolution (factor, bypass, offset, ReLU) is in finishing.
"""

from hyperdrive_sim.kernels.fp16 import Fp16Kernel, available, fastest, kernel

__all__ = ["Fp16Kernel", "available", "fastest", "kernel"]
