"""Time and memory of training: the network against its plain formulation, a batch against a copy of it.

    python benchmarks/training.py                    the network at full size, and the generator
    python benchmarks/training.py --filters 16       a smaller one
    KERAS_BACKEND=jax python benchmarks/training.py  on another backend

The plain formulation is the method as it is written: convolution, batch normalisation along the frequency
axis, ReLU, pooling, compiled as Keras does by default. All ratios are taken within one run, the best of the
repeats on both sides, taken in turns. A GFLOP is 1e9 additions or multiplications in the matrix products and
convolutions of a step; how many a second is to be compared with what the machine reaches in a large product.
"""

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # the repository
import parameter
from cls_data_generator import DataGenerator
from seldnet.annotations.dataset import FORMATS, TAU2019
from seldnet.annotations.labels import COLUMNS_A_CLASS
from seldnet.common.scripts import stderr_held_back
from seldnet.methods.registry import METHODS
from seldnet.training.backend import import_keras
from seldnet.training.network import fit

with stderr_held_back():
    keras = import_keras()

    import keras_model

PARAMS = parameter.get_params()
BINS, PLANES = METHODS['released'].kind.frame_shape(TAU2019, 'foa')
SHAPE = (PARAMS['batch_size'], PARAMS['sequence_length'], BINS, PLANES)
TARGETS = [(*SHAPE[:2], size) for size in METHODS['released'].target_sizes(TAU2019.nb_classes)]
VARIANTS = ('released', 'paper')


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--repeats', type=int, default=5)
    parser.add_argument('--filters', type=int, default=PARAMS['nb_cnn2d_filt'])
    args = parser.parse_args()
    print(f'{keras.backend.backend()}, Keras {keras.__version__}, {os.cpu_count()} cores; batch '
          f'{SHAPE[0]} x {SHAPE[1]} frames, {args.filters} filters; best of {args.repeats}')
    compare_networks(args.filters, args.repeats)
    compare_batches(args.repeats)
    epoch_of_accdoa()


def compare_networks(filters: int, repeats: int) -> None:
    """Steps and predictions of the plain network, of ours, of the paper's variant; both in bfloat16 too."""
    rng = np.random.default_rng(0)
    features = rng.normal(size=SHAPE).astype(np.float32)
    targets = [(rng.random(TARGETS[0]) < 0.1).astype(np.float32),
               rng.normal(size=TARGETS[1]).astype(np.float32)]
    models = {'plain': plain_network(filters), 'plain, XLA': plain_network(filters, jit_compile=True),
              'released': network(filters, 'released'),
              'released, XLA': network(filters, 'released', jit_compile=True),
              'paper': network(filters, 'paper')}
    keras.config.set_dtype_policy('mixed_bfloat16')
    models |= {f'{variant}, bfloat16': network(filters, variant) for variant in VARIANTS}
    keras.config.set_dtype_policy('float32')
    models['released'].set_weights(models['plain'].get_weights())
    outputs = [models[name].predict_on_batch(features) for name in ('plain', 'released')]
    differences = [np.abs(plain - ours).max() for plain, ours in zip(*outputs)]
    print(f'plain and released, equal weights: outputs differ by at most {max(differences):.1e}')

    inputs = dict.fromkeys(models, (features, targets))
    for audio_format in FORMATS:  # as many frames in a batch
        name = f'accdoa, {audio_format}'
        models[name], inputs[name] = accdoa(audio_format)
    steps = best_times({name: lambda name=name: models[name].train_on_batch(*inputs[name])
                        for name in models}, repeats)
    predictions = best_times({name: lambda name=name: models[name].predict_on_batch(inputs[name][0])
                              for name in models}, repeats)
    print(f'a matrix product of 4096 x 4096: {gflops_of_a_product(repeats):.0f} GFLOP/s')
    print(f'{"":18} {"step":>8} {"/ plain":>8} {"GFLOP":>6} {"GFLOP/s":>8} {"predict":>8} {"/ plain":>8}')
    for name, model in models.items():
        step, prediction = steps[name], predictions[name]
        counted = models['released'] if name.startswith('plain') else model
        gflop = gflop_of_a_step(counted, inputs[name][0].shape[0])
        print(f'{name:18} {step:6.2f} s {step / steps["plain"]:8.2f} {gflop:6.0f} {gflop / step:8.0f} '
              f'{prediction:6.2f} s {prediction / predictions["plain"]:8.2f}')


def gflops_of_a_product(repeats: int, size: int = 4096) -> float:
    """GFLOP a second of a product of two square matrices, by the backend."""
    matrix = keras.random.normal((size, size), seed=0)
    seconds = best_times({'': lambda: keras.ops.convert_to_numpy(keras.ops.matmul(matrix, matrix)[0, 0])},
                         repeats)
    return 2e-9 * size ** 3 / seconds['']


def gflop_of_a_step(model: keras.Model, batch_size: int) -> float:
    """Of convolutions, dense and recurrent layers: outputs, and all gradients but that of the features."""
    flop = 0
    for layer in model.layers:
        kernels = sum(np.prod(weight.shape) for weight in layer.trainable_weights if 'kernel' in weight.name)
        products = 2 if layer.name == 'conv0' else 3
        flop += products * 2 * kernels * batch_size * np.prod(layer.output.shape[1:-1])
    return flop / 1e9


def accdoa(audio_format: str) -> tuple[keras.Model, tuple[np.ndarray, np.ndarray]]:
    """The method's network at its default sizes, and a batch for it."""
    method, params = METHODS['accdoa'], parameter.get_params('6')
    frames = params['batch_size'], params['sequence_length']
    rng = np.random.default_rng(0)
    features = rng.normal(size=(*frames, *method.kind.frame_shape(TAU2019, audio_format))).astype(np.float32)
    vectors = rng.normal(0, 0.2, (*frames, *method.target_sizes(TAU2019.nb_classes))).astype(np.float32)
    return method.build(features.shape, TAU2019.nb_classes, params), (features, vectors)


def epoch_of_accdoa(nb_batches: int = 60, nb_recordings: int = 200) -> None:
    """An epoch, rotations and reading from disk included: measured on some batches, computed for all."""
    params = parameter.get_params('6')
    with tempfile.TemporaryDirectory() as folder:
        make_features(Path(folder), 20, 'foa_dev_mel_norm', METHODS['accdoa'].kind.nb_columns(TAU2019, 'foa'))
        batches = DataGenerator('foa', folder, False, 1, params['batch_size'], params['sequence_length'],
                                method=METHODS['accdoa'], rotate=True, max_batches=nb_batches).batches
        model = METHODS['accdoa'].build(batches.input_shape, TAU2019.nb_classes, params)
        seconds = []
        for round_number in (1, 2):  # the first compiles
            start = time.perf_counter()
            fit(model, batches.epochs(round_number, 1), round_number=round_number, seed=1, title='epoch',
                remedy='')
            seconds.append(time.perf_counter() - start)
    frames = params['batch_size'] * params['sequence_length']
    of_all = nb_recordings * TAU2019.nb_frames // frames
    print(f'accdoa, foa: {len(batches)} batches from disk in {seconds[1]:.1f} s; an epoch of {nb_recordings} '
          f'recordings has {of_all}: {seconds[1] / len(batches) * of_all:.0f} s (computed)')


def network(filters: int, variant: str, *, jit_compile: bool | None = None) -> keras.Model:
    """The project's network at the default sizes."""
    return keras_model.get_model(SHAPE, TARGETS, 0.0, filters, PARAMS['pool_size'], PARAMS['rnn_size'],
                                 PARAMS['fnn_size'], PARAMS['loss_weights'], model_variant=variant,
                                 jit_compile=jit_compile)


def plain_network(filters: int, *, jit_compile: bool | str = 'auto') -> keras.Model:
    """The released network as the method is written, with Keras' own layers."""
    ours = network(filters, 'released')
    features = keras.Input(SHAPE[1:])
    x = features
    for pool in PARAMS['pool_size']:
        x = keras.layers.Conv2D(filters, 3, padding='same')(x)
        x = keras.layers.BatchNormalization(axis=2)(x)
        x = keras.layers.ReLU()(x)
        x = keras.layers.MaxPooling2D((1, pool))(x)
    rest = keras.Model(ours.get_layer('filters_first').input, ours.outputs)
    model = keras.Model(features, rest(x))
    model.compile('adam', ['binary_crossentropy', 'mse'], loss_weights=PARAMS['loss_weights'],
                  jit_compile=jit_compile)
    return model


def compare_batches(repeats: int) -> None:
    """A batch of the generator against the copying of its 67 MB; the memory that many batches leave used.

    Copied from memory, and copied from the system's cache of the file, which is where a batch comes from.
    """
    with tempfile.TemporaryDirectory() as folder:
        make_features(Path(folder), 8, 'foa_dev_norm', BINS * PLANES)
        batches = DataGenerator(feat_label_dir=folder, split=1, batch_size=SHAPE[0], seq_len=SHAPE[1]).batches
        features = batches[0][0]
        numbers = iter(np.resize(np.arange(len(batches)), 100 * repeats))
        file = next(Path(folder).glob('foa_dev_norm/*.npy'))
        times = best_times({
            'batch': lambda: batches[int(next(numbers))],
            'file': lambda: np.fromfile(file, np.float32, count=features.size, offset=128),
            'memory': features.copy}, 8 * repeats)
        print(f'a batch of {features.nbytes / 1e6:.0f} MB: {1e3 * times["batch"]:.1f} ms; ratio to copying '
              f'it from the cached file {times["batch"] / times["file"]:.2f}, '
              f'from memory {times["batch"] / times["memory"]:.2f}')
        before = psutil.Process().memory_info().rss
        for _ in range(5):
            for index in range(len(batches)):
                batches[index]
        grown = psutil.Process().memory_info().rss - before
        print(f'resident memory after {5 * len(batches)} batches: {grown / 1e6:+.0f} MB')


def make_features(folder: Path, nb_recordings: int, feature_folder: str, nb_columns: int) -> None:
    """Random features and labels of full-size recordings."""
    rng = np.random.default_rng(0)
    for subfolder in (feature_folder, 'foa_dev_label'):
        (folder / subfolder).mkdir()
    for number in range(nb_recordings):
        name = f'split1_ir0_ov1_{number}.npy'
        np.save(folder / feature_folder / name,
                rng.standard_normal((TAU2019.nb_frames, nb_columns), np.float32))
        np.save(folder / 'foa_dev_label' / name,
                np.zeros((TAU2019.nb_frames, COLUMNS_A_CLASS * TAU2019.nb_classes), np.int16))


def best_times(calls: dict, repeats: int) -> dict[str, float]:
    """Least seconds of each call, the calls taken in turns; the first turn only warms up."""
    best = dict.fromkeys(calls, float('inf'))
    for turn in range(repeats + 1):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn:
                best[name] = min(best[name], time.perf_counter() - start)
    return best


if __name__ == '__main__':
    main()
