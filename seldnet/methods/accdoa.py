"""`accdoa`: one vector a class, whose length is its activity and whose direction is its direction.

Shimada et al., "ACCDOA: activity-coupled Cartesian direction of arrival representation", ICASSP 2021 (arXiv
2010.15306). One output and one loss, the mean squared error, so nothing is to be weighed; a silent class has
the vector zero, so there is no direction for silence to be learned. The network is SELDnet's in outline
(convolutions, bidirectional recurrent layers whose two directions are multiplied, dense layers), on `mel`
features; its first convolution goes through time in steps of four frames, so that all costs a quarter.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from seldnet.annotations.directions import cartesian_to_spherical, spherical_to_cartesian
from seldnet.extraction.mel import MEL
from seldnet.methods.method import Arrays, Method, check_pooling

TIME_STRIDE = 4  # frames of 20 ms that share an output
# A vector is as long as the activity is likely and shorter where its direction is in doubt, so half is too
# much to ask: on the demo's validation fold F is best from 0.35 to 0.45.
ACTIVITY_THRESHOLD = 0.4


def make_targets(activity: np.ndarray, azimuth_deg: np.ndarray,
                 elevation_deg: np.ndarray) -> tuple[np.ndarray]:
    """Vectors of all classes: x of each, then y, then z.

    Parameters
    ----------
    activity, azimuth_deg, elevation_deg : arrays, (..., frames, classes)

    Returns
    -------
    (vectors,)
        float32, (..., frames, 3 * classes), of length 1 where a class is active and 0 elsewhere.
    """
    vectors = np.zeros((*activity.shape[:-1], 3 * activity.shape[-1]), np.float32)
    active = activity > 0  # few; sines of all classes would take a sixth of a batch's time
    for axis, values in zip(np.split(vectors, 3, axis=-1), spherical_to_cartesian(
            np.radians(azimuth_deg[active]), np.radians(elevation_deg[active]), activity[active])):
        axis[active] = values
    return (vectors,)


def target_sizes(nb_classes: int) -> tuple[int]:
    """Columns of the vectors.

    Parameters
    ----------
    nb_classes : int

    Returns
    -------
    (int,)
    """
    return (3 * nb_classes,)


def read_outputs(outputs: Arrays) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Activities are lengths (up to the root of 3), directions those of the vectors.

    Parameters
    ----------
    outputs : (vectors,)
        Of shape (..., frames, 3 * classes).

    Returns
    -------
    activity, azimuth_rad, elevation_rad : float64 arrays, (..., frames, classes)
    """
    x, y, z = np.split(np.asarray(outputs[0], np.float64), 3, axis=-1)
    azimuth_rad, elevation_rad, length = cartesian_to_spherical(x, y, z)
    return length, azimuth_rad, elevation_rad


def losses(outputs: Arrays, targets: Arrays, params: Mapping[str, Any]) -> dict[str, float]:
    """The mean squared error.

    Parameters
    ----------
    outputs, targets : (vectors,)
    params : mapping
        Not used.

    Returns
    -------
    {'validation_loss': float}
    """
    return {'validation_loss': float(np.mean(np.square(targets[0] - outputs[0])))}


def build(data_in: Sequence[int], nb_classes: int, params: Mapping[str, Any], *,
          jit_compile: bool | str | None = None) -> Any:
    """Build and compile the network.

    Parameters
    ----------
    data_in : (batch, frames, bands, planes)
        Shape of a batch of features; `batch` is not used.
    nb_classes : int
    params : mapping
        Settings of `parameter.py`: dropout_rate, nb_cnn2d_filt, pool_size, rnn_size, fnn_size, learning_rate.
    jit_compile : bool or 'auto', optional
        As of `keras.Model.compile`.

    Returns
    -------
    keras.Model
        Its output `accdoa_out` has three columns a class, within -1..1.
    """
    import keras
    from keras import layers

    from seldnet.methods.layers import gru_of_keras_3, use_own_keras_settings

    use_own_keras_settings()
    frames, bins, planes = data_in[-3:]
    dropout_rate = params['dropout_rate']
    features = keras.Input((frames, bins, planes), name='features')
    x = features
    for i, pool in enumerate(params['pool_size']):
        # No frame is left out: the first filters see the four that share an output, and the next.
        kernel, strides = ((TIME_STRIDE + 1, 3), (TIME_STRIDE, 1)) if i == 0 else ((3, 3), (1, 1))
        x = layers.Conv2D(params['nb_cnn2d_filt'], kernel, strides, padding='same', use_bias=False,
                          name=f'conv{i}')(x)
        # Pooled before it is normalised: fewer numbers to walk through.
        x = layers.MaxPooling2D((1, pool), name=f'pool{i}')(x)
        x = layers.BatchNormalization(axis=-1, momentum=0.95, epsilon=1e-3, name=f'bn{i}')(x)
        x = layers.ReLU(name=f'relu{i}')(x)
        x = layers.Dropout(dropout_rate, name=f'conv_dropout{i}')(x)
    x = layers.Reshape((frames // TIME_STRIDE, -1), name='flatten_frame')(x)
    for i, units in enumerate(params['rnn_size']):
        # Dropout between layers only: within, cuDNN has no kernel.
        x = layers.Bidirectional(gru_of_keras_3(units, 0), merge_mode='mul', name=f'gru{i}')(x)
        x = layers.Dropout(dropout_rate, name=f'gru_dropout{i}')(x)
    for i, units in enumerate(params['fnn_size']):
        x = layers.Dense(units, activation='relu', name=f'dense{i}')(x)
        x = layers.Dropout(dropout_rate, name=f'dense_dropout{i}')(x)
    # float32 whatever the precision of the layers below: losses and scores are taken from these numbers.
    x = layers.Dense(3 * nb_classes, activation='tanh', dtype='float32', name='accdoa')(x)
    vectors = layers.UpSampling1D(TIME_STRIDE, dtype='float32', name='accdoa_out')(x)
    model = keras.Model(features, vectors, name='accdoa')
    model.compile(optimizer=keras.optimizers.Adam(params['learning_rate'], epsilon=1e-7), loss='mse',
                  jit_compile='auto' if jit_compile is None else jit_compile)
    return model


def check_sizes(bins: int, params: Mapping[str, Any]) -> None:
    """Raise a ValueError unless the pooling divides the bands, and the frames of a sequence.

    Parameters
    ----------
    bins : int
        Bands.
    params : mapping
        With 'pool_size' and 'sequence_length'.

    Raises
    ------
    ValueError
        With the number that does not divide.
    """
    check_pooling(bins, params)
    if params['sequence_length'] % TIME_STRIDE:
        raise ValueError(f'sequence_length: got {params["sequence_length"]}, expected a multiple of '
                         f'{TIME_STRIDE}, the frames that share an output')


METHOD = Method(
    'accdoa', kind=MEL, make_targets=make_targets, target_sizes=target_sizes, read_outputs=read_outputs,
    build=build, losses=losses, check_sizes=check_sizes, scattered=True,
    activity_threshold=ACTIVITY_THRESHOLD, rounds_to_grid=True,
    defaults={'pool_size': [4, 4, 2], 'learning_rate': 2e-3, 'nb_epochs': 40, 'epochs_per_fit': 1,
              'schedule': 'cosine', 'rotate': True, 'test_rotations': True})
