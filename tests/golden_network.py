"""The small network of the golden numbers, and its weights by the names of tests/golden/model.npz."""

from seldnet.methods.registry import METHODS

SMALL = {'dropout_rate': 0.0, 'nb_cnn2d_filt': 4, 'pool_size': [4, 4, 2], 'rnn_size': [6, 6], 'fnn_size': [5],
         'loss_weights': [1, 50], 'learning_rate': 1e-3}
SMALL_INPUT, NB_CLASSES = (2, 16, 64, 8), 11

# Layer -> the names of its weights, in the order in which Keras keeps them.
NAMES = {
    **{f'conv{i}': [f'conv{i}/{role}' for role in ('kernel', 'bias')] for i in range(3)},
    **{f'bn{i}': [f'bn{i}/{role}' for role in ('gamma', 'beta', 'moving_mean', 'moving_variance')]
       for i in range(3)},
    **{f'gru{i}': [f'gru{i}/{direction}_{role}' for direction in ('fwd', 'bwd')
                   for role in ('kernel', 'recurrent', 'bias')] for i in range(2)},
    **{f'{head}_{layer}': [f'{head}_out/{role}/{name}' for name in ('kernel', 'bias')]
       for head in ('sed', 'doa') for layer, role in (('dense0', 'dense0'), ('out', 'dense1'))},
}


def small_model(variant='released', *, jit_compile=None, **changes):
    return METHODS[variant].build(SMALL_INPUT, NB_CLASSES, SMALL | changes, jit_compile=jit_compile)


def with_golden_weights(arrays, **options):
    """The released network with the weights among the arrays; options as of `small_model`."""
    model = small_model(**options)
    for layer, names in NAMES.items():
        model.get_layer(layer).set_weights([arrays[name] for name in names])
    return model


def weights_by_name(model):
    return {name: weight for layer, names in NAMES.items()
            for name, weight in zip(names, model.get_layer(layer).get_weights())}
