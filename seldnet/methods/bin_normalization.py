"""Batch normalisation of each frequency bin: Keras' numbers, in fewer walks through memory.

Ioffe, Szegedy, "Batch Normalization: Accelerating Deep Network Training by Reducing Internal Covariate
Shift", ICML 2015 (arXiv 1502.03167), algorithm 1 and the gradients below it.

The released network normalises its first tensor, half a gigabyte, along an axis that is not the last one. On
a CPU TensorFlow then spends more time on sums and broadcasts than on the convolution. The same formulas are
faster (benchmarks/training.py) where sums run over the innermost axis first, a factor of each bin is repeated
for all planes beforehand, so that it is multiplied with whole rows, and the gradient is written out: each
tensor is then walked through as rarely as can be.
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
        # Measured there; elsewhere the layer of Keras is what is known to be fast.
        self._on_cpu = keras.backend.backend() == 'tensorflow' and all(
            name.startswith('cpu') for name in keras.distribution.list_devices())
        self._is_as_published = self.center and self.scale and not self.renorm and not self.synchronized

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
        in_training = training and self.trainable
        if not (in_training and self._on_cpu and self._is_as_published) or mask is not None:
            return super().call(inputs, training=training, mask=mask)
        # Squares of float16 overflow.
        x = ops.cast(inputs, keras.backend.result_type(inputs.dtype, 'float32'))
        # A function with a gradient of its own takes tensors, not variables.
        y, mean, variance = normalize_bins(x, ops.copy(self.gamma), ops.copy(self.beta), self.epsilon)
        for moving, value in ((self.moving_mean, mean), (self.moving_variance, variance)):
            moving.assign(moving * self.momentum + value * (1 - self.momentum))
        return ops.cast(y, inputs.dtype)


def normalize_bins(x: Any, gamma: Any, beta: Any, epsilon: float) -> tuple[Any, Any, Any]:
    """gamma * (x - mean) / sqrt(variance + epsilon) + beta, of each bin.

    Parameters
    ----------
    x : tensor, shape (batch, frames, bins, planes)
    gamma, beta : tensor, of the type of x, shape (bins,)
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
    values_a_bin = ops.cast(ops.prod(ops.shape(x)[:2]) * planes, x.dtype)

    def sum_by_bin(values: Any) -> Any:
        return ops.sum(ops.sum(values, axis=-1), axis=(0, 1))

    def repeat_for_planes(factor: Any) -> Any:
        return ops.reshape(ops.broadcast_to(factor[:, None], (bins, planes)), (-1,))

    def as_rows(values: Any) -> Any:
        return ops.reshape(values, (-1, bins * planes))

    @ops.custom_gradient
    def normalize(x: Any, gamma: Any, beta: Any) -> Any:
        shape = ops.shape(x)
        mean = sum_by_bin(x) / values_a_bin
        squares = ops.square(as_rows(x) - repeat_for_planes(mean))
        variance = sum_by_bin(ops.reshape(squares, shape)) / values_a_bin
        inverse = ops.rsqrt(variance + epsilon)
        scale = gamma * inverse
        y = as_rows(x) * repeat_for_planes(scale) + repeat_for_planes(beta - mean * scale)

        def gradient(d_y: Any, *_d_moments: Any) -> Any:
            d_beta = sum_by_bin(d_y)
            d_gamma = inverse * (sum_by_bin(d_y * x) - mean * d_beta)
            # d_x = scale * (d_y - mean(d_y) - normal * mean(d_y * normal)), normal = (x - mean) * inverse.
            # d_y comes last: its memory is then free to be written to.
            slope = inverse * d_gamma / values_a_bin
            means = (as_rows(x) * repeat_for_planes(slope)
                     - repeat_for_planes(mean * slope - d_beta / values_a_bin))
            d_x = (as_rows(d_y) - means) * repeat_for_planes(scale)
            return ops.reshape(d_x, shape), d_gamma, d_beta

        return (ops.reshape(y, shape), mean, variance), gradient

    return normalize(x, gamma, beta)
