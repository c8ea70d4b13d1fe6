"""A method of one's own: activities, and directions as vectors, from two heads of a small network.

Copied to seldnet/methods/cartesian.py and added to METHODS in seldnet/methods/registry.py, it is trained by

    python batch_feature_extraction.py 4 --model_variant cartesian
    python seld.py 4 first --model_variant cartesian --quick_test False
"""

import numpy as np

from seldnet.annotations.directions import cartesian_to_spherical, spherical_to_cartesian
from seldnet.extraction.mel import MEL
from seldnet.methods.method import Method, check_pooling


def make_targets(activity, azimuth_deg, elevation_deg):
    """What the network is to give: activities, and x, y, z of each class, zero where it is silent."""
    axes = spherical_to_cartesian(np.radians(azimuth_deg), np.radians(elevation_deg), activity)
    return activity.astype(np.float32), np.concatenate(axes, axis=-1).astype(np.float32)


def read_outputs(outputs):
    """Activities, azimuths and elevations (radians) of what the network gives."""
    activity, vectors = outputs
    azimuth_rad, elevation_rad, _ = cartesian_to_spherical(*np.split(vectors, 3, axis=-1))
    return activity, azimuth_rad, elevation_rad


def build(data_in, nb_classes, params, *, jit_compile=None):
    """The compiled network."""
    import keras
    from keras import layers

    features = keras.Input(data_in[1:])
    x = features
    for pool in params['pool_size']:
        x = layers.Conv2D(params['nb_cnn2d_filt'], 3, padding='same', activation='relu')(x)
        x = layers.MaxPooling2D((1, pool))(layers.BatchNormalization()(x))
    x = layers.Reshape((data_in[1], -1))(x)
    for units in params['rnn_size']:
        x = layers.Bidirectional(layers.GRU(units, return_sequences=True))(x)
    outputs = [layers.Dense(nb_classes, 'sigmoid')(x), layers.Dense(3 * nb_classes, 'tanh')(x)]
    model = keras.Model(features, outputs)
    model.compile(keras.optimizers.Adam(params['learning_rate']), ['binary_crossentropy', 'mse'],
                  loss_weights=list(params['loss_weights']), jit_compile=jit_compile or 'auto')
    return model


def losses(outputs, targets, params):
    """Of a validation."""
    squares = [float(np.mean(np.square(target - output))) for target, output in zip(targets, outputs)]
    return {'validation_loss': sum(squares), 'activity_loss': squares[0], 'vector_loss': squares[1]}


METHOD = Method('cartesian', kind=MEL, make_targets=make_targets, read_outputs=read_outputs, build=build,
                losses=losses, check_sizes=check_pooling, scattered=True,
                target_sizes=lambda nb_classes: (nb_classes, 3 * nb_classes),
                defaults={'pool_size': [4, 4, 2], 'rotate': True, 'loss_weights': [1, 10]})
