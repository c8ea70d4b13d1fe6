"""Batch normalisation of each frequency bin: Keras' numbers, in fewer walks through memory.

Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
Shift", ICML 2015 (arXiv 1502.03167), algorithm 1 and the gradients below it.

The released network normalises its first tensor, half a gigabyte, along an axis that is not the last one. On
a CPU TensorFlow then spends more time on sums and broadcasts than on the convolution. The same formulas are
faster (benchmarks/training.py) where sums run over the innermost axis first, what is known of a bin is laid
out as a whole row, and the gradient is written out: each tensor is then walked through as rarely as can be.
"""

from typing import Any

import keras
from keras import layers, ops


@keras.saving.register_keras_serializable('seldnet')
class BinNormalization(layers.BatchNormalization):
    """`keras.layers.BatchNormalization(axis=2)` with the same weights and results.

    Parameters
    ----------
    axis : 2
    **kwargs
        As of `keras.layers.BatchNormalization`.

    Raises
    ------
    ValueError
        Another axis.
    """

    def __init__(self, axis: int = 2, **kwargs: Any) -> None:
        if axis != 2:
            raise ValueError(f'axis {axis}, where bins are axis 2')
        super().__init__(axis=axis, **kwargs)

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """The normalised tensor; in training with the batch's own moments, which the moving ones then follow.

        Parameters
        ----------
        inputs : tensor, shape (batch, frames, bins, planes)
        training : bool, optional
        mask : tensor, optional
            As of `keras.layers.BatchNormalization`.

        Returns
        -------
        tensor of the same shape
        """
        # Other backends fuse what Keras writes.
        if not (training and self.trainable) or mask is not None or keras.backend.backend() != 'tensorflow':
            return super().call(inputs, training=training, mask=mask)
        # Squares of float16 overflow.
        x = ops.cast(inputs, 'float32')
        # A function with a gradient of its own takes tensors, not variables.
        y, mean, variance = normalize_bins(x, ops.copy(self.gamma), ops.copy(self.beta), self.epsilon)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return ops.cast(y, inputs.dtype)


def normalize_bins(x: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, of each bin.

    Parameters
    ----------
    x : tensor, float32, shape (batch, frames, bins, planes)
    gamma, beta : tensor, float32, shape (bins,)
    epsilon : float

    Returns
    -------
    tensor of the shape of x
        Gradients go back through this one only, those through the moments included.
    tensor, shape (bins,)
        Mean of x in each bin.
    tensor, shape (bins,)
        Variance, not corrected for the number of values.
    """
    bins, planes = x.shape[2:]
    nb_values = ops.cast(ops.prod(ops.shape(x)[:2]) * planes, x.dtype)

    def total(values: Any) -> Any:
        return ops.sum(ops.sum(values, axis=-1), axis=(0, 1))

    def row(of_bins: Any) -> Any:
        return ops.reshape(ops.broadcast_to(of_bins[:, None], (bins, planes)), (-1,))

    def rows(values: Any) -> Any:
        return ops.reshape(values, (-1, bins * planes))

    @ops.custom_gradient
    def normalize(x: Any, gamma: Any, beta: Any) -> Any:
        shape = ops.shape(x)
        mean = total(x) / nb_values
        squares = ops.square(rows(x) - row(mean))
        variance = total(ops.reshape(squares, shape)) / nb_values
        inverse = ops.rsqrt(variance + epsilon)
        scale = gamma * inverse
        y = rows(x) * row(scale) + row(beta - mean * scale)

        def gradient(d_y: Any, *_of_moments: Any) -> Any:
            d_beta = total(d_y)
            d_gamma = inverse * (total(d_y * x) - mean * d_beta)
            # d_x = scale * (d_y - mean(d_y) - normal * mean(d_y * normal)), normal = (x - mean) * inverse.
            # d_y comes last: its memory is then free to be written to.
            slope = inverse * d_gamma / nb_values
            taken_away = rows(x) * row(slope) - row(mean * slope - d_beta / nb_values)
            return ops.reshape((rows(d_y) - taken_away) * row(scale), shape), d_gamma, d_beta

        return (ops.reshape(y, shape), mean, variance), gradient

    return normalize(x, gamma, beta)
