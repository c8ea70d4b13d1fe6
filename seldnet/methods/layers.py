"""Layers of SELDnet that its variants share. Only Keras layers and `keras.ops`: any backend runs them.

Adavanne, Politis, Nikunen, Virtanen, "Sound event localization and detection of overlapping sources using
convolutional recurrent neural networks", IEEE JSTSP 2018 (arXiv 1807.00129), section II: convolutions over
time and frequency, bidirectional recurrent layers over time, and two heads of dense layers, one for the
activity of each class (sound event detection, `sed_out`), one for its direction (`doa_out`).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import keras
from keras import layers, ops

from seldnet.methods.bin_normalization import BinNormalization


def use_own_keras_settings() -> None:
    """Keras takes these from ~/.keras/keras.json, where any project may have set them; our numbers depend on
    them."""
    keras.config.set_floatx('float32')
    keras.config.set_epsilon(1e-7)
    keras.config.set_image_data_format('channels_last')


def seldnet(name: str, data_in: Sequence[int], nb_classes: int, params: Mapping[str, Any], *,
            planes_of: Callable, normalized_axis: int, gru: Callable[..., layers.GRU],
            jit_compile: bool | str) -> keras.Model:
    """Build and compile SELDnet.

    Parameters
    ----------
    name : str
    data_in : (batch, frames, bins, planes)
        Shape of a batch of features; `batch` is not used.
    nb_classes : int
    params : mapping
        Settings of `parameter.py`: dropout_rate, nb_cnn2d_filt, pool_size, rnn_size, fnn_size, loss_weights,
        learning_rate.
    planes_of : function
        Input tensor -> the tensor that the convolutions see.
    normalized_axis : int
        Of batch normalisation: 2 for each frequency bin, -1 for each filter.
    gru : function
        Units and dropout rate -> recurrent layer.
    jit_compile : bool or 'auto'
        As of `keras.Model.compile`.

    Returns
    -------
    keras.Model
        Compiled; outputs `sed_out` in 0..1 and `doa_out`, linear, in the scale of the targets.
    """
    use_own_keras_settings()
    frames, bins, planes = data_in[-3:]
    dropout_rate = params['dropout_rate']
    normalization = BinNormalization if normalized_axis == 2 else layers.BatchNormalization
    features = keras.Input((frames, bins, planes), name='features')
    x = planes_of(features)
    for i, pool in enumerate(params['pool_size']):
        x = layers.Conv2D(params['nb_cnn2d_filt'], (3, 3), padding='same', name=f'conv{i}')(x)
        x = normalization(axis=normalized_axis, momentum=0.99, epsilon=1e-3, name=f'bn{i}')(x)
        x = layers.MaxPooling2D((1, pool), name=f'pool{i}')(x)
        # ReLU grows with its input, so it may as well see the maxima only: the same numbers for an eighth of
        # the work.
        x = layers.ReLU(name=f'relu{i}')(x)
        x = layers.Dropout(dropout_rate, name=f'conv_dropout{i}')(x)

    # Filters outermost, frequency innermost: the order in which channels-first 2019 flattened a frame.
    x = layers.Permute((1, 3, 2), name='filters_first')(x)
    x = layers.Reshape((frames, -1), name='flatten_frame')(x)
    for i, units in enumerate(params['rnn_size']):
        x = layers.Bidirectional(gru(units, dropout_rate), merge_mode='mul', name=f'gru{i}')(x)

    doa = _head(x, 'doa', params['fnn_size'], dropout_rate, 2 * nb_classes, 'linear')
    sed = _head(x, 'sed', params['fnn_size'], dropout_rate, nb_classes, 'sigmoid')
    model = keras.Model(features, [sed, doa], name=f'seldnet_{name}')
    model.compile(
        optimizer=keras.optimizers.Adam(params['learning_rate'], epsilon=1e-7),
        loss=['binary_crossentropy', 'mse'],
        loss_weights=list(params['loss_weights']),
        jit_compile=jit_compile,
    )
    return model


def _head(x: Any, name: str, fnn_size: Sequence[int], dropout_rate: float, nb_outputs: int,
          activation: str) -> Any:
    """Dense layers on each frame, without an activation between them, as published."""
    for i, units in enumerate(fnn_size):
        x = layers.Dense(units, name=f'{name}_dense{i}')(x)
        x = layers.Dropout(dropout_rate, name=f'{name}_dropout{i}')(x)
    # float32 whatever the precision of the layers below: losses and scores are taken from these numbers.
    return layers.Dense(nb_outputs, activation=activation, dtype='float32', name=f'{name}_out')(x)


def gru_of_keras_2(units: int, dropout_rate: float) -> layers.GRU:
    """Keras 2.2.4's: reset gate before the matrix product, hard sigmoid.

    Parameters
    ----------
    units : int
    dropout_rate : float
        0..1, of the inputs and of the recurrent state.

    Returns
    -------
    keras.layers.GRU
        It gives its state in every frame.
    """
    return _gru(units, dropout_rate, hard_sigmoid_2019, reset_after=False)


def gru_of_keras_3(units: int, dropout_rate: float) -> layers.GRU:
    """Keras 3's default, for which cuDNN has a kernel: reset gate after the product, sigmoid.

    Parameters
    ----------
    units : int
    dropout_rate : float
        0..1, of the inputs and of the recurrent state. cuDNN's kernel needs 0.

    Returns
    -------
    keras.layers.GRU
        It gives its state in every frame.
    """
    return _gru(units, dropout_rate, 'sigmoid', reset_after=True)


def _gru(units: int, dropout_rate: float, gate: Any, *, reset_after: bool) -> layers.GRU:
    """Every argument whose default has moved since Keras 2.2.4 is spelled out."""
    return layers.GRU(units, activation='tanh', recurrent_activation=gate, reset_after=reset_after,
                      kernel_initializer='glorot_uniform', recurrent_initializer='orthogonal',
                      dropout=dropout_rate, recurrent_dropout=dropout_rate, return_sequences=True)


@keras.saving.register_keras_serializable('seldnet')
def hard_sigmoid_2019(x: Any) -> Any:
    """clip(0.2 x + 0.5, 0, 1): the hard sigmoid of Keras 2.2.4 (Keras 3 has another: relu6(x + 3) / 6).

    Parameters
    ----------
    x : tensor

    Returns
    -------
    tensor of the same shape
        0..1.
    """
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def magnitude_and_phase_planes(features: Any) -> Any:
    """(frames, bins, 8) as reshaped from rows -> the same numbers as 4 magnitudes and 4 phases of each bin.

    A stored row holds the magnitudes of all bins and channels, bins outermost, and then the phases likewise.

    Parameters
    ----------
    features : tensor, shape (batch, frames, bins, planes)
        Planes: an even number, twice the channels.

    Returns
    -------
    tensor of the same shape
    """
    frames, bins, planes = features.shape[1:]
    x = layers.Reshape((frames, 2, bins, planes // 2), name='unfold_row')(features)
    x = layers.Permute((1, 3, 2, 4), name='bins_first')(x)
    return layers.Reshape((frames, bins, planes), name='planes')(x)
