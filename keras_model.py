"""SELDnet: the network of the baseline, and nothing else.

Adavanne, Politis, Nikunen, Virtanen, "Sound event localization and detection of overlapping sources using
convolutional recurrent neural networks", IEEE JSTSP 2018 (arXiv 1807.00129), section II: convolutions over
time and frequency, bidirectional recurrent layers over time, and two heads of dense layers, one for the
activity of each class (sound event detection, `sed_out`), one for its direction (`doa_out`).

Two variants:

- ``'released'``: the network that the 2019 release trained and whose scores were published. It differs from
  the paper's description in three ways, each kept here: (1) its eight input "channels" are what a plain
  reshape of a stored row makes of them, two neighbouring bins times four audio channels, with the magnitudes
  in the first half of the frequency axis and the phases in the second; (2) batch normalisation acts on each
  frequency bin, not on each filter; (3) its recurrent layer is the GRU of Keras 2.2.4: the reset gate before
  the matrix product, and a hard sigmoid.
- ``'paper'``: eight planes, the four magnitudes and the four phases of each bin; batch normalisation of each
  filter; the GRU that Keras 3 has by default (the reset gate after the product, sigmoid), for which cuDNN has
  a kernel.

Everything is made of Keras layers and `keras.ops`, so KERAS_BACKEND may be tensorflow, torch or jax.
"""

from collections.abc import Sequence

import keras
from keras import layers, ops

# Keras takes these from ~/.keras/keras.json, where any other project may have set them; our numbers hang on
# them.
keras.config.set_floatx('float32')
keras.config.set_epsilon(1e-7)
keras.config.set_image_data_format('channels_last')

VARIANTS = ('released', 'paper')


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
    model_variant : {'released', 'paper'}
        See the module's docstring.
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
    frames, bins, planes = data_in[-3:]
    if model_variant not in VARIANTS:
        raise ValueError(f'model_variant: got {model_variant!r}, expected one of {", ".join(VARIANTS)}')
    check_pooling(bins, pool_size)
    released = model_variant == 'released'

    features = keras.Input((frames, bins, planes), name='features')
    x = features if released else _magnitude_and_phase_planes(features)
    for i, pool in enumerate(pool_size):
        x = layers.Conv2D(nb_cnn2d_filt, (3, 3), padding='same', name=f'conv{i}')(x)
        x = layers.BatchNormalization(axis=2 if released else -1, momentum=0.99, epsilon=1e-3,
                                      name=f'bn{i}')(x)
        x = layers.MaxPooling2D((1, pool), name=f'pool{i}')(x)
        # ReLU grows with its input, so it may as well see the maxima only: the same numbers for an eighth of
        # the work.
        x = layers.ReLU(name=f'relu{i}')(x)
        x = layers.Dropout(dropout_rate, name=f'conv_dropout{i}')(x)

    # Filters outermost, frequency innermost: the order in which channels-first 2019 flattened a frame.
    x = layers.Permute((1, 3, 2), name='filters_first')(x)
    x = layers.Reshape((frames, -1), name='flatten_frame')(x)
    for i, units in enumerate(rnn_size):
        x = layers.Bidirectional(_gru(units, dropout_rate, released), merge_mode='mul', name=f'gru{i}')(x)

    doa = _head(x, 'doa', fnn_size, dropout_rate, data_out[1][-1], 'linear')
    sed = _head(x, 'sed', fnn_size, dropout_rate, data_out[0][-1], 'sigmoid')
    model = keras.Model(features, [sed, doa], name=f'seldnet_{model_variant}')
    model.compile(
        optimizer=keras.optimizers.Adam(learning_rate, epsilon=1e-7),
        loss=['binary_crossentropy', 'mse'],
        loss_weights=list(weights),
        jit_compile=_fastest_jit(released) if jit_compile is None else jit_compile,
    )
    return model


def _fastest_jit(released: bool) -> bool | str:
    """Whether XLA is to compile the steps.

    TensorFlow's own kernels walk many times through the large first tensors to normalise them along the
    frequency axis; XLA fuses these walks (benchmarks/training.py shows the ratio). Elsewhere Keras' own
    choice is right.
    """
    return True if released and keras.backend.backend() == 'tensorflow' else 'auto'


def _magnitude_and_phase_planes(features):
    """(frames, bins, 8) as reshaped from rows -> the same numbers as 4 magnitudes and 4 phases of each bin.

    A stored row holds the magnitudes of all bins and channels, bins outermost, and then the phases likewise.
    """
    frames, bins, planes = features.shape[1:]
    x = layers.Reshape((frames, 2, bins, planes // 2), name='unfold_row')(features)
    x = layers.Permute((1, 3, 2, 4), name='bins_first')(x)
    return layers.Reshape((frames, bins, planes), name='planes')(x)


def _gru(units: int, dropout_rate: float, released: bool) -> layers.GRU:
    """The recurrent layer; every argument whose default has moved since Keras 2.2.4 is spelled out."""
    gate = hard_sigmoid_2019 if released else 'sigmoid'
    return layers.GRU(units, activation='tanh', recurrent_activation=gate, reset_after=not released,
                      kernel_initializer='glorot_uniform', recurrent_initializer='orthogonal',
                      dropout=dropout_rate, recurrent_dropout=dropout_rate, return_sequences=True)


@keras.saving.register_keras_serializable('seldnet')
def hard_sigmoid_2019(x):
    """clip(0.2 x + 0.5, 0, 1): the hard sigmoid of Keras 2.2.4 (Keras 3 has another: relu6(x + 3) / 6)."""
    return ops.clip(0.2 * x + 0.5, 0.0, 1.0)


def _head(x, name: str, fnn_size: Sequence[int], dropout_rate: float, nb_outputs: int, activation: str):
    """Dense layers on each frame, without an activation between them, as published."""
    for i, units in enumerate(fnn_size):
        x = layers.Dense(units, name=f'{name}_dense{i}')(x)
        x = layers.Dropout(dropout_rate, name=f'{name}_dropout{i}')(x)
    # float32 whatever the precision of the layers below: losses and scores are taken from these numbers.
    return layers.Dense(nb_outputs, activation=activation, dtype='float32', name=f'{name}_out')(x)


def check_pooling(bins: int, pool_size: Sequence[int]) -> None:
    """Raise a ValueError unless the pooling divides the bins, convolution after convolution."""
    for pool in pool_size:
        if bins % pool:
            raise ValueError(f'pool_size: got {list(pool_size)}, but {pool} does not divide the {bins} bins '
                             'that are left before it')
        bins //= pool
