"""Ordered-FP16 convolution: binary weights, FP16 maps, every single addition rounded to FP16, in the order of the chip.

    sum = +0;  for kernel row, kernel column, input channel:  sum = fp16(sum + weight * pixel)        ties to even, no fused sums

FP16 addition is not associative, so this order is part of the answer. One contract (`Fp16Kernel`), several variants, all identical bit for
bit, infinities and subnormals included, and one NaN for all NaNs. Which one is taken is settled by what the processor can do, before
anything is compiled:

    numpy             always there
    numba             plain loops, any processor; needs the extra `fast`, as do the others
    numba-avx2        float32 vectors of eight, as most laptops have
    numba-avx512      float32 vectors that are rounded in three instructions
    numba-avx512fp16  FP16 vectors: the hardware adds as the chip does

    variant = kernel()
    packed = variant.pack(signs)               # once per layer or block of output channels
    y = variant.convolve(x, packed, stride)    # x is padded; channels last

Reading order: sliding (sizes, bands of rows), fp16_numpy, fp16_numba, fp16_vector (arrays) over fp16_llvm (instructions) over emit, fp16
over selection. The convolution of fully binary networks, with variants of its own, stands beside it: `xnor`.
"""

from hyperdrive_sim.kernels.fp16 import Fp16Kernel, available, fastest, kernel

__all__ = ["Fp16Kernel", "available", "fastest", "kernel"]
