"""SELDnet: the network of the baseline, by its name of 2019.

What its variants `released` (the network whose scores were published) and `paper` (that of the figure) are
stands in seldnet/methods/, in files of these names; their layers are in seldnet/methods/layers.py.
"""

from collections.abc import Sequence

import keras

from seldnet.methods.layers import hard_sigmoid_2019  # what saved models are made of is registered there
from seldnet.methods.registry import METHODS

__all__ = ['get_model', 'hard_sigmoid_2019']


def get_model(data_in: Sequence[int], data_out: Sequence[Sequence[int]], dropout_rate: float,
              nb_cnn2d_filt: int, pool_size: Sequence[int], rnn_size: Sequence[int], fnn_size: Sequence[int],
              weights: Sequence[float], *, model_variant: str = 'released', learning_rate: float = 1e-3,
              jit_compile: bool | str | None = None) -> keras.Model:
    """Build and compile SELDnet.

    Parameters
    ----------
    data_in : (batch, frames, bins, 8)
        Shape of a batch of features as the generator makes them: stored rows, reshaped. `batch` is not used.
    data_out : [(batch, frames, nb_classes), (batch, frames, 2 * nb_classes)]
        Shapes of the two targets: activities; azimuths, then elevations.
    dropout_rate : float
        Share of activations dropped after each convolution, in the recurrent layers and after each dense
        layer.
    nb_cnn2d_filt : int
        Filters of each convolution.
    pool_size : sequence of int
        One convolution an entry, and by how much it is pooled along frequency.
    rnn_size, fnn_size : sequence of int
        Units of the recurrent layers, and of the dense layers of each head.
    weights : (detection, direction)
        Weights of the two losses: binary cross-entropy and mean squared error (over all outputs, also of
        classes that are not active).
    model_variant : str
        A method of seldnet/methods/registry.py.
    learning_rate : float
        Of the optimiser, Adam with epsilon 1e-7.
    jit_compile : bool or 'auto', optional
        As of `keras.Model.compile`; None for what is fastest on one device.

    Returns
    -------
    keras.Model
        Compiled; outputs `sed_out` in 0..1 and `doa_out`, linear, in the scale of the generator's targets. At
        the default sizes 613,537 parameters, 611,201 of them trained.

    Raises
    ------
    ValueError
        If the variant is unknown or the pooling does not divide the bins.
    """
    if model_variant not in METHODS:
        raise ValueError(f'model_variant: got {model_variant!r}, expected one of {", ".join(METHODS)}')
    method = METHODS[model_variant]
    params = {'dropout_rate': dropout_rate, 'nb_cnn2d_filt': nb_cnn2d_filt, 'pool_size': pool_size,
              'rnn_size': rnn_size, 'fnn_size': fnn_size, 'loss_weights': weights,
              'learning_rate': learning_rate, 'sequence_length': data_in[-3]}
    method.check_sizes(data_in[-2], params)
    return method.build(data_in, data_out[0][-1], params, jit_compile=jit_compile)
