"""Draw the network of a method: its blocks, the shapes between them, and the weights of each.

    python misc_files/draw_network.py --task 6                                  # accdoa
    python misc_files/draw_network.py --model_variant paper --output paper.pdf
    python misc_files/draw_network.py --task 4 --pool_size 8 8 --rnn_size 64    # with settings of your own
    python misc_files/draw_network.py --config models/4_first_foa_dev_split1.json

The network is built as training would build it, and read from its layers. Layers that only prepare what the
one before them gives (normalisation, pooling, activation, dropout) share its block; dropout of rate 0, which
does nothing, is not named.
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository, where parameter.py is
from parameter import add_task_option, params_given
from seldnet.annotations.dataset import Dataset
from seldnet.annotations.dataset_file import find_dataset
from seldnet.common.errors import InputError, printable
from seldnet.common.scripts import exit_with_one_line, script_parser
from seldnet.methods.registry import METHODS
from seldnet.plots.network import network_blocks, plot_network
from seldnet.plots.style import check_ending, save
from seldnet.training import backend, network

SETTINGS = ('model_variant', 'dataset', 'dataset_dir', 'sequence_length', 'nb_cnn2d_filt', 'pool_size',
            'rnn_size', 'fnn_size', 'dropout_rate')
# By names of layers.
MEANINGS = {'planes': '4 magnitudes and 4 phases of each bin',
            'flatten_frame': 'all numbers of a frame in a row',
            'sed_out': 'activity of each class', 'doa_out': 'azimuths of all classes, then elevations',
            'accdoa_out': 'x of all classes, then y, then z'}
FEATURES = {('spectra', 'foa'): 'magnitudes, then phases', ('spectra', 'mic'): 'magnitudes, then phases',
            ('mel', 'foa'): 'log-mel and intensity', ('mel', 'mic'): 'log-mel and complex intensity'}


def main(argv: Sequence[str] | None = None, *, dataset: Dataset | None = None) -> int:
    args = _parse_arguments(argv)
    check_ending(args.output)
    params = params_given(args, args.task)
    dataset = dataset or find_dataset(params['dataset_dir'])
    model = build(params, dataset)
    kind = METHODS[params['model_variant']].kind.name
    seconds = params['sequence_length'] * dataset.hop_length_s
    trained = sum(math.prod(weights.shape) for weights in model.trainable_weights)
    figure = plot_network(
        network_blocks(model, bins='bands' if kind == 'mel' else 'bins'),
        title=f'The network of method {params["model_variant"]}',
        footer=f'{model.count_params():,} weights, {trained:,} of them trained; a sequence of '
               f'{params["sequence_length"]} frames is {seconds:.2f} s',
        meanings={**MEANINGS, 'features': f'features: {FEATURES.get((kind, params["dataset"]), kind)}'})
    save(figure, args.output)
    print(f'written: {printable(args.output)}')
    return 0


def build(params: Mapping[str, Any], dataset: Dataset) -> Any:
    """The network as training builds it."""
    method = METHODS[params['model_variant']]
    shape = (params['batch_size'], params['sequence_length'],
             *method.kind.frame_shape(dataset, params['dataset']))
    try:
        method.check_sizes(shape[2], params)
    except ValueError as error:
        raise InputError(f'setting {error}') from None
    backend.load_keras()
    return network.build(method, shape, dataset.nb_classes, params, params['seed'])


def _parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = script_parser(__doc__)
    parser.add_argument('--output', type=Path, default=Path('network.png'), metavar='FILE',
                        help='the picture, .png, .pdf or .svg [%(default)s]')
    add_task_option(parser, SETTINGS)
    return parser.parse_args(argv)


if __name__ == '__main__':
    with exit_with_one_line(__file__):
        sys.exit(main())
