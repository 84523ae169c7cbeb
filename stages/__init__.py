"""The stages of the pipeline, and what they are made of."""

from stages.numerics.kernels import choose_kernels

choose_kernels()  # here, since whatever else is imported may import numpy
