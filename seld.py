"""Train SELDnet on the folds of a task, keep the best model of each, and predict its test recordings.

    python seld.py                                          task 1, job 1: a quick test that everything runs
    python seld.py 4 first --quick_test False               task 4 in full, as job "first"
    python seld.py 4 first --quick_test False --split 1 3   two of its four folds
    python seld.py 4 first --quick_test False --resume      go on where a stopped run was

Task ids and settings stand in parameter.py. Run batch_feature_extraction.py first.
"""

import argparse
import contextlib
import csv
import dataclasses
import glob
import importlib.util
import math
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from tqdm import tqdm

import evaluation_metrics
import parameter
from cls_feature_class import FeatureClass, create_folder, exclusive, load_scaler
from parameter import Fold, InputError

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')  # TensorFlow's notes; its errors come as exceptions
with parameter.exit_with_one_line(__file__), parameter.stderr_held_back():
    try:
        import keras
    except Exception as error:  # of many kinds: KERAS_BACKEND or keras.json name what is not there
        raise InputError(f'Keras cannot be loaded: {error}; expected KERAS_BACKEND=tensorflow, or another '
                         'that is installed, and a ~/.keras/keras.json that suits it') from error
    import keras_model
    from cls_data_generator import Batches, DataGenerator, directions_rad

ACTIVITY_THRESHOLD = 0.5
ROUNDS_ARE_KEPT = ('the rounds before are kept: mend the features, then --resume; or start anew '
                   '(--overwrite) with a lower learning_rate')
QUICK_TEST_ROUNDS = QUICK_TEST_BATCHES = 2
QUICK_TEST_NOTE = '  [quick test: these scores mean nothing]'


def main(argv: Sequence[str]) -> int:
    """Run a task; `argv` is the command line, the script's name first. Returns the exit status."""
    args = _parse_arguments(argv[1:])
    params = parameter.get_params(args.task_id, **parameter.settings_given(args))
    folds = _chosen_folds(params['mode'], args.split)
    if params['tensorboard'] and not importlib.util.find_spec('tensorboard'):
        raise InputError('setting tensorboard: the package is not installed; `pip install tensorboard`')
    for is_eval in {False, params['mode'] == 'eval'}:
        _feature_class(params, is_eval).check_ready(args.task_id)
    keras.config.set_dtype_policy(params['mixed_precision'])
    runs = [Run(args.task_id, args.job_id, fold, params) for fold in folds]
    create_folder(params['model_dir'])
    with contextlib.ExitStack() as locks:
        for run in runs:
            locks.enter_context(exclusive(run.path('.lock'), f'training {run.name}'))
        for run in runs:  # before anything is written
            run.check_input()
            if not args.overwrite:
                run.check_existing(resume=args.resume)
            if params['dcase_output']:
                create_folder(run.output.folder)
                run.output.refuse_others(overwrite=args.overwrite)
        for run in runs:
            run.prepare(overwrite=args.overwrite)
        for run in runs:
            if params['dcase_output']:
                run.output.claim(run.fold.test, overwrite=args.overwrite)
        results = []
        for number, run in enumerate(runs, 1):
            print(f'\nFold {number} of {len(runs)}: train on split {_listed(run.fold.train)}, '
                  f'validate on {_listed(run.fold.val)}, test on {_listed(run.fold.test)}')
            results.append(run_fold(run))
    _print_summary(runs, results)
    return 0


# ------------------------------------------------------------------------------------------------------------
# The method: train in rounds, keep the best model, predict the test fold
# ------------------------------------------------------------------------------------------------------------


def run_fold(run: 'Run') -> dict[str, Any]:
    """Train, validate and test one fold, or take up where a stopped run of it was.

    Returns
    -------
    {'validation': scores, 'test': scores or None}
        Scores as of `score_predictions`; None for the evaluation set, which is not scored here.
    """
    state = run.load_state()
    if state['results'] is None:
        with _memory_told(run.params):
            state = train_fold(run, state)
            best = state['history'][state['best_round'] - 1]
            state['results'] = {'validation': best, 'test': test_fold(run)}
        run.finish(state)
    else:
        rounds = len(state['history'])
        print(f'Already finished, after {rounds} round{"s" * (rounds > 1)}: {run.path("_model.keras")}')
        if run.lacks_predictions():
            test_fold(run)
    for name, scores in state['results'].items():
        if scores is not None:
            print(f'{name:>10}: {_score_line(scores)}{run.note}')
    return state['results']


def train_fold(run: 'Run', state: dict[str, Any]) -> dict[str, Any]:
    """Train in rounds, until they are over or bring nothing better; `_model.keras` is the best model."""
    params = run.params
    training = run.data_generator(run.fold.train, shuffle=True)
    validation = run.data_generator(run.fold.val)
    data_in, data_out = training.get_data_sizes()
    reference = collect_test_labels(validation, data_out)

    with _all_gpus() as strategy:
        keras.utils.set_random_seed(run.seed)
        if state['history']:
            model = load_model(run.checkpoint(len(state['history'])))
        else:
            model = keras_model.get_model(
                data_in, data_out, params['dropout_rate'], params['nb_cnn2d_filt'], params['pool_size'],
                params['rnn_size'], params['fnn_size'], params['loss_weights'],
                model_variant=params['model_variant'], learning_rate=params['learning_rate'],
                jit_compile='auto' if strategy else None)

    while not _is_over(state, run.nb_rounds, params['patience']):
        round_number = len(state['history']) + 1
        started = time.perf_counter()
        training_loss = fit_round(model, training, run, round_number)
        predictions = predict(model, validation)
        validation_losses = losses(predictions, reference, params['loss_weights'])
        if not math.isfinite(validation_losses['validation_loss']):
            raise InputError(
                f'the validation loss is {validation_losses["validation_loss"]} after round {round_number}: '
                f'{validation.describe_non_finite()}; {ROUNDS_ARE_KEPT}')
        scores = {'round': round_number, 'training_loss': training_loss, **validation_losses,
                  **score_predictions(predictions, reference),
                  'seconds': time.perf_counter() - started}
        state['history'].append(scores)
        if _is_better(scores, state):
            state['best_round'] = round_number
        run.save_round(model, state)
        tqdm.write(_round_line(scores, state) + run.note)
    return state


def fit_round(model: keras.Model, training: DataGenerator, run: 'Run', round_number: int) -> float:
    """Train for `epochs_per_fit` epochs, in one `fit`; returns the loss of the last one."""
    epochs = run.params['epochs_per_fit']
    _seed_round(model, run.seed, round_number)
    batches = training.batches.epochs((round_number - 1) * epochs, epochs)
    callbacks = [Progress(training, batches, f'round {round_number}/{run.nb_rounds}')]
    if run.params['tensorboard']:
        callbacks.append(keras.callbacks.TensorBoard(run.path('_tensorboard'), write_graph=False))
    # Keras would shuffle batches by default; here only the order of the recordings changes, as in 2019.
    with batches.failures_as_they_are():
        history = model.fit(batches, initial_epoch=round_number - 1, epochs=round_number, shuffle=False,
                            verbose=0, callbacks=callbacks)
    return float(history.history['loss'][-1])


@contextlib.contextmanager
def _memory_told(params: dict[str, Any]) -> Iterator[None]:
    """Backends tell that memory has run out in a hundred lines and exceptions of their own."""
    try:
        yield
    except Exception as error:
        if not isinstance(error, MemoryError) and not _OUT_OF_MEMORY.search(str(error)):
            raise
        raise InputError(f'out of memory with batch_size {params["batch_size"]} and sequence_length '
                         f'{params["sequence_length"]}; start anew (--overwrite) with less') from error


_OUT_OF_MEMORY = re.compile('out of memory|RESOURCE_EXHAUSTED|OOM when allocating|bad_alloc', re.IGNORECASE)


def _seed_round(model: keras.Model, seed: int, round_number: int) -> None:
    """Let what a round draws (dropout) depend on the seed and its number alone: a resumed run draws the same.

    Keras counts its draws in variables of the layers, which it does not save with the model.
    """
    rng = np.random.default_rng([seed, round_number])
    weights = {id(weight) for weight in model.weights}
    for variable in model.variables:
        if id(variable) not in weights:
            variable.assign(rng.integers(2**31, size=variable.shape))


def test_fold(run: 'Run') -> dict[str, float] | None:
    """Predict the test recordings with the best model, write the predictions, score them if there are labels.

    One batch is a recording, filled up to whole sequences; the fill is neither written nor scored.
    """
    test = run.test_generator()
    model = load_model(run.path('_model.keras'))
    predictions = [_without_fill(output, test) for output in predict(model, test)]
    if not all(np.isfinite(output).all() for output in predictions):
        raise InputError(f'{run.path("_model.keras")}: predictions that are not finite; '
                         f'{test.describe_non_finite()}')
    if run.params['dcase_output']:
        with run.output.writing() as folder:
            for name, sed, doa in zip(test.get_filelist(), *predictions):
                rows = evaluation_metrics.regression_label_format_to_output_format(
                    test, sed > ACTIVITY_THRESHOLD, np.degrees(directions_rad(doa)))
                evaluation_metrics.write_output_format_file(folder / f'{Path(name).stem}.csv', rows)
    if run.params['mode'] == 'eval':
        return None
    labels = collect_test_labels(test, test.get_data_sizes()[1])
    return score_predictions(predictions, [_without_fill(each, test) for each in labels])


def predict(model: keras.Model, data_generator: DataGenerator) -> list[np.ndarray]:
    """Outputs for all batches of an epoch: [activities, directions], (sequences, frames, columns)."""
    with data_generator.batches.failures_as_they_are():
        return model.predict(data_generator.batches, verbose=0)


def _without_fill(sequences: np.ndarray, test: DataGenerator) -> np.ndarray:
    """Sequences of per-file batches -> (recordings, frames, columns)."""
    recordings = sequences.reshape(-1, test.get_frame_per_file(), sequences.shape[-1])
    return recordings[:, :test.get_nb_frames()]


def collect_test_labels(data_gen_test: DataGenerator, data_out: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """All targets of a generator's epoch.

    Parameters
    ----------
    data_gen_test : DataGenerator
        Of recordings with labels.
    data_out : [(batch, frames, nb_classes), (batch, frames, 2 * nb_classes)]
        Shapes of a batch's targets, as of `get_data_sizes`.

    Returns
    -------
    [activities, directions]
        Of all batches, (sequences, frames, columns), in the network's scale.
    """
    targets = [data_gen_test.batches.targets(i) for i in range(data_gen_test.get_total_batches_in_data())]
    return [np.concatenate(arrays).reshape(-1, *shape[1:]) for arrays, shape in zip(zip(*targets), data_out)]


def losses(predictions: Sequence[np.ndarray], reference: Sequence[np.ndarray],
           weights: Sequence[float]) -> dict[str, float]:
    """The losses that training minimises, of predictions that are there already."""
    sed = float(np.mean(keras.ops.convert_to_numpy(
        keras.losses.binary_crossentropy(reference[0], predictions[0]))))
    doa = float(np.mean(np.square(reference[1] - predictions[1])))
    return {'validation_loss': weights[0] * sed + weights[1] * doa, 'sed_loss': sed, 'doa_loss': doa}


def score_predictions(predictions: Sequence[np.ndarray],
                      reference: Sequence[np.ndarray]) -> dict[str, float]:
    """The 2019 scores of regression outputs, over all frames strung together.

    Parameters
    ----------
    predictions, reference : [activities, directions]
        (sequences, frames, nb_classes) and (sequences, frames, 2 * nb_classes), in the network's scale.

    Returns
    -------
    dict
        'ER'; 'F' and 'FR' (frame recall), 0..1; 'DOA' (error), degrees; 'SELD'; 'predicted_peaks' and
        'good_frames' (with the right number of directions), counts.
    """
    active, reference_active = (evaluation_metrics.reshape_3Dto2D(each[0]) > ACTIVITY_THRESHOLD
                                for each in (predictions, reference))
    doa_rad, reference_rad = (evaluation_metrics.reshape_3Dto2D(directions_rad(each[1]))
                              for each in (predictions, reference))
    sed_scores = evaluation_metrics.compute_sed_scores(active, reference_active, parameter.NB_FRAMES_1S)
    doa_scores = evaluation_metrics.compute_doa_scores_regr(doa_rad, reference_rad, active, reference_active)
    seld_score = evaluation_metrics.compute_seld_metric(sed_scores, doa_scores[:2])
    return {'ER': float(sed_scores[0]), 'F': float(sed_scores[1]), 'DOA': float(doa_scores[0]),
            'FR': float(doa_scores[1]), 'SELD': float(seld_score), 'predicted_peaks': int(doa_scores[2]),
            'good_frames': int(doa_scores[3])}


def load_model(path: Path) -> keras.Model:
    """Load a model in Keras' safe mode: a file cannot bring code of its own."""
    if not path.is_file():
        raise InputError(f'{path}: no such model; train it again (--overwrite)')
    try:
        return keras.models.load_model(path, safe_mode=True)
    except Exception as error:  # Keras raises many kinds for a file that is not one of its models
        raise InputError(f'{path}: not a model that can be loaded: {_first_line(error)}') from error


class Progress(keras.callbacks.Callback):
    """A bar over the batches of a round, with the loss; stops a training whose loss is not a number."""

    def __init__(self, training: DataGenerator, batches: Batches, title: str):
        super().__init__()
        self._training = training
        self._batches = batches
        self._bar = tqdm(total=len(batches), desc=title, unit='batch', leave=False,
                         file=sys.stdout, disable=None)  # None: quiet when that is no terminal

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called by Keras: each epoch has a mean loss of its own."""
        if batch % self._batches.per_epoch == 0:
            self.model.reset_metrics()

    def on_train_batch_end(self, batch: int, logs: dict[str, float]) -> None:
        """Called by Keras; `loss` is the mean over the epoch so far."""
        self._bar.update()
        self._bar.set_postfix(loss=f'{logs["loss"]:.4f}', refresh=False)
        if not math.isfinite(logs['loss']):
            self._bar.close()
            epoch, batch = divmod(batch, self._batches.per_epoch)
            raise InputError(
                f'the loss is {logs["loss"]} in epoch {self._batches.first_epoch + epoch + 1}, batch '
                f'{batch + 1}: {self._training.describe_non_finite()}; {ROUNDS_ARE_KEPT}')

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Called by Keras."""
        self._bar.close()


def _is_over(state: dict[str, Any], nb_rounds: int, patience: int) -> bool:
    rounds = len(state['history'])
    return rounds >= nb_rounds or rounds - (state['best_round'] or 0) > patience


def _is_better(scores: dict[str, float], state: dict[str, Any]) -> bool:
    if state['best_round'] is None:
        return True
    best = state['history'][state['best_round'] - 1]['SELD']
    return scores['SELD'] < best or math.isnan(best)


def _all_gpus() -> contextlib.AbstractContextManager:
    """In this scope a network is built on every GPU, if there are several, and batches are shared out."""
    if keras.backend.backend() == 'tensorflow':
        import tensorflow

        devices = [device.name for device in tensorflow.config.list_logical_devices(SHARED_DEVICES)]
        if len(devices) > 1:
            return tensorflow.distribute.MirroredStrategy(devices).scope()
    return contextlib.nullcontext()


SHARED_DEVICES = 'GPU'


# ------------------------------------------------------------------------------------------------------------
# What a run keeps on disk
# ------------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Run:
    """One fold of a job: its settings, its generators and its files.

    Files: `<model_dir>/<task>_<job>_<dataset>_<mode>_split<n>` with the endings `_model.keras` (best model),
    `.json` (settings, seed, versions), `_wts.npz` (scaler of its features), `.png` (curves), `_metrics.csv`
    and, to go on from, `_state.json` and `_round<k>.keras`. The state is written after the models of its
    round, so what it names is complete.
    """

    task_id: str
    job_id: str
    fold: Fold
    params: dict[str, Any]

    @property
    def name(self) -> str:
        """Stem of the run's files."""
        return f'{self.task_id}_{self.job_id}_{self._data_name}_split{self.fold.test[0]}'

    @property
    def output(self) -> 'OutputFolder':
        """Where the predictions of all folds go."""
        folder = parameter.predictions_folder(self.task_id, self.params)
        return OutputFolder(folder, self.task_id, self.job_id, self.params)

    @property
    def folds_figure(self) -> Path:
        """The curves of all folds of the job, over each other."""
        return Path(self.params['model_dir']) / f'{self.task_id}_{self.job_id}_{self._data_name}_folds.png'

    @property
    def _data_name(self) -> str:
        return f'{self.params["dataset"]}_{self.params["mode"]}'

    @property
    def seed(self) -> int:
        """Another for each fold."""
        return self.params['seed'] + self.fold.test[0]

    @property
    def nb_rounds(self) -> int:
        """Rounds of training at most."""
        return QUICK_TEST_ROUNDS if self.params['quick_test'] else self.params['nb_epochs']

    @property
    def note(self) -> str:
        """What is to stand beside every score."""
        return QUICK_TEST_NOTE if self.params['quick_test'] else ''

    def path(self, ending: str) -> Path:
        """A file of the run."""
        return Path(self.params['model_dir']) / f'{self.name}{ending}'

    def checkpoint(self, round_number: int) -> Path:
        """The model after a round."""
        return self.path(f'_round{round_number}.keras')

    def data_generator(self, split: Sequence[int], *, shuffle: bool = False, is_eval: bool = False,
                       per_file: bool = False) -> DataGenerator:
        """Batches of some splits with the run's settings."""
        params = self.params
        return DataGenerator(
            params['dataset'], params['feat_label_dir'], is_eval, split, params['batch_size'],
            params['sequence_length'], shuffle, per_file, seed=self.seed,
            max_batches=QUICK_TEST_BATCHES if params['quick_test'] else None)

    def test_generator(self) -> DataGenerator:
        """Batches of the test recordings, one a recording."""
        return self.data_generator(self.fold.test, is_eval=self.params['mode'] == 'eval', per_file=True)

    def check_input(self) -> None:
        """Raise an InputError, before any work, if features are missing or do not suit the settings."""
        for splits in (self.fold.train, self.fold.val):
            data_in, _ = self.data_generator(splits).get_data_sizes()
        self.test_generator()
        try:
            keras_model.check_pooling(data_in[2], self.params['pool_size'])
        except ValueError as error:
            raise InputError(f'setting {error}') from None

    def lacks_predictions(self) -> bool:
        """Whether test recordings have no predictions in the output folder, and are to have some."""
        test = self.test_generator()
        names = test.get_filelist()[:test.get_total_batches_in_data()]
        return self.params['dcase_output'] and not all(
            (self.output.folder / f'{Path(name).stem}.csv').exists() for name in names)

    def check_existing(self, *, resume: bool) -> None:
        """Raise an InputError if there are files of this run that a start, or a resumption, would spoil."""
        if not self._has_rounds():
            return
        settings_path, scaler_path = self.path('.json'), self.path('_wts.npz')
        if not resume:
            raise InputError(f'{settings_path}: this run exists; --resume goes on with it, --overwrite '
                             'starts it anew, another job id leaves it alone')
        saved = _read_saved(settings_path, 'params')['params']
        changed = _changed_settings(saved, self.params)
        if changed:
            told = '; '.join(f'{name} {saved.get(name)!r}, not {self.params[name]!r}' for name in changed)
            raise InputError(f'{settings_path}: this run was started with {told}; resume it with the same '
                             'settings, or choose another job id')
        state = self.load_state()
        checkpoint = self.checkpoint(len(state['history']))
        if state['history'] and state['results'] is None and not checkpoint.exists():
            raise InputError(f'{checkpoint}: no such model; train it again (--overwrite)')
        scaler = _feature_class(self.params).get_normalized_wts_file()
        if not all(map(np.array_equal, load_scaler(scaler_path), load_scaler(scaler))):
            raise InputError(f'{scaler_path}: this run was started with other features, {scaler} has another '
                             'scaler; choose another job id, or --overwrite the run')

    def prepare(self, *, overwrite: bool) -> None:
        """Write the settings of a new run, or note that it is gone on with."""
        parameter.clear_leftovers(Path(self.params['model_dir']), self.name)
        if overwrite:
            for path in self._files():
                path.unlink()
            shutil.rmtree(self.path('_tensorboard'), ignore_errors=True)
        if self._has_rounds():
            if self.load_state()['results'] is None:  # nothing is to be added to a finished run
                self._note_resumption(_read_saved(self.path('.json'), 'params'))
            return
        with parameter.atomic_path(self.path('_wts.npz')) as temporary:
            shutil.copyfile(_feature_class(self.params).get_normalized_wts_file(), temporary)
        parameter.write_json(self.path('.json'), {
            'task': self.task_id, 'job': self.job_id, 'fold': self.fold._asdict(), 'params': self.params,
            **_provenance()})

    def _has_rounds(self) -> bool:
        """Whether there is something to lose: more than what `prepare` writes."""
        return bool(set(self._files()) - {self.path('.json'), self.path('_wts.npz')})

    def _note_resumption(self, saved: dict[str, Any]) -> None:
        """Keep the settings up to date, and say with what other code a run was gone on with."""
        now, resumptions = _provenance(), saved.get('resumed', [])
        last = resumptions[-1] if resumptions else {name: saved.get(name) for name in now}
        updated = saved | {'params': self.params}
        if last != now:
            updated['resumed'] = [*resumptions, now]
        if last['versions'] != now['versions']:
            print(f'{self.name}: resumed with other versions, {now["versions"]} after {last["versions"]}: '
                  'numbers may differ from those of an undisturbed run')
        if updated != saved:
            parameter.write_json(self.path('.json'), updated)

    def _files(self) -> list[Path]:
        """What the run has left, but for the lock and TensorBoard's logs."""
        endings = ('.json', '.png', '_model.keras', '_wts.npz', '_metrics.csv', '_state.json')
        return [path for path in map(self.path, endings) if path.exists()] + self._checkpoints()

    def _checkpoints(self) -> list[Path]:
        return sorted(Path(self.params['model_dir']).glob(f'{glob.escape(self.name)}_round*.keras'))

    def load_state(self) -> dict[str, Any]:
        """Where the run is: its history, the best round and, once it has finished, the results."""
        path = self.path('_state.json')
        return _read_saved(path, 'history', 'best_round', 'results') if path.exists() else {
            'history': [], 'best_round': None, 'results': None}

    def save_round(self, model: keras.Model, state: dict[str, Any]) -> None:
        """Write everything that a killed run needs to go on after this round."""
        checkpoint = self.checkpoint(len(state['history']))
        with parameter.atomic_path(checkpoint) as temporary:
            model.save(temporary)
        if state['best_round'] == len(state['history']):
            with parameter.atomic_path(self.path('_model.keras')) as temporary:
                shutil.copyfile(checkpoint, temporary)
        parameter.write_json(self.path('_state.json'), state)
        for path in self._checkpoints():
            if path != checkpoint:
                path.unlink()
        self._write_curves(state)

    def _write_curves(self, state: dict[str, Any]) -> None:
        _write_history(self.path('_metrics.csv'), state['history'])
        plot_history(self.path('.png'), state)

    def finish(self, state: dict[str, Any]) -> None:
        """Note the results; what only a resumption needed goes."""
        self._write_curves(state)  # once more: a kill may have come between the last round's state and these
        parameter.write_json(self.path('_state.json'), state)
        for path in self._checkpoints():
            path.unlink()


@dataclasses.dataclass(frozen=True)
class OutputFolder:
    """A folder of predictions. It is scored as a whole, so they are of one job and its settings.

    Whose they are stands in its `settings.json`. Four processes may train the four folds of a job, so who
    looks at that or writes holds the folder's lock.
    """

    folder: Path
    task_id: str
    job_id: str
    params: dict[str, Any]

    def refuse_others(self, *, overwrite: bool) -> None:
        """Raise an InputError if predictions of another job are there, or will be.

        Those of a quick test are nobody's loss; `overwrite` takes whatever is there.
        """
        if overwrite or self._is_ours():
            return
        owner = 'predictions that do not say whose they are (no settings.json)'
        if self._settings_path.exists():
            saved = self._saved()
            if saved['params'].get('quick_test'):
                return
            owner = f'the predictions of job {saved["job"]!r}'
            if saved['job'] == self.job_id:
                changed = _changed_settings(saved['params'], self.params)[0]
                owner += f' with {changed} {saved["params"].get(changed)!r}'
        elif not self._predictions():
            return
        raise InputError(f'{self.folder}: is for {owner}; choose another dcase_dir, or --overwrite them')

    def claim(self, splits: Sequence[int], *, overwrite: bool) -> None:
        """Say, before the training, whose the predictions will be; those of others go.

        With `overwrite` those of our own for `splits` go too: their model is no more.
        """
        with self._lock():
            self.refuse_others(overwrite=overwrite)
            parameter.clear_leftovers(self.folder)
            is_ours = self._is_ours()
            for path in self._predictions():
                if not is_ours or (overwrite and parameter.parse_recording_name(path).split in splits):
                    path.unlink()
            if overwrite or not is_ours:
                self._write_settings()

    @contextlib.contextmanager
    def writing(self) -> Iterator[Path]:
        """The folder, for this process alone. InputError if another job has taken it since the claim."""
        with self._lock():
            if not self._is_ours():
                raise InputError(f'{self.folder}: another job has taken this folder; the model is kept: '
                                 '--resume with another dcase_dir writes its predictions')
            self._write_settings()
            yield self.folder

    @property
    def _settings_path(self) -> Path:
        return self.folder / parameter.OUTPUT_SETTINGS

    def _lock(self) -> contextlib.AbstractContextManager:
        return exclusive(self.folder / '.lock', f'writing to {self.folder}', patience_s=60)

    def _saved(self) -> dict[str, Any]:
        return _read_saved(self._settings_path, 'job', 'params')

    def _is_ours(self) -> bool:
        if not self._settings_path.exists():
            return False
        saved = self._saved()
        return saved['job'] == self.job_id and not _changed_settings(saved['params'], self.params)

    def _write_settings(self) -> None:
        parameter.write_json(self._settings_path,
                             {'task': self.task_id, 'job': self.job_id, 'params': self.params})

    def _predictions(self) -> list[Path]:
        """Whoever wrote them; other files in the folder are the user's."""
        return [path for path in sorted(self.folder.glob('*.csv')) if parameter.is_recording_name(path)]


def _changed_settings(saved: dict[str, Any], params: dict[str, Any]) -> list[str]:
    """What differs, of all that must be the same to go on with a run."""
    return [name for name, value in params.items() if name not in _MAY_CHANGE and saved.get(name) != value]


# What may differ between a run and its resumption: where things are, how long to go on, what else to write.
_MAY_CHANGE = {'dataset_dir', 'feat_label_dir', 'model_dir', 'dcase_dir', 'n_jobs', 'nb_epochs', 'patience',
               'tensorboard', 'dcase_output', 'save_spectra'}


def _feature_class(params: dict[str, Any], is_eval: bool = False) -> FeatureClass:
    return FeatureClass(params['dataset_dir'], params['feat_label_dir'], params['dataset'], is_eval,
                        feature_dtype=params['feature_dtype'])


def _read_saved(path: Path, *keys: str) -> dict[str, Any]:
    """What a run has saved as JSON; InputError if it is something else."""
    saved = parameter.read_json(path)
    is_params = isinstance(saved, dict) and isinstance(saved.get('params', {}), dict)
    if not is_params or not set(keys) <= saved.keys():
        raise InputError(f'{path}: not what seld.py writes there, expected {", ".join(keys)}; start the run '
                         'anew (--overwrite), or choose another job id')
    return saved


def _provenance() -> dict[str, Any]:
    """What a run's numbers depend on beside its settings."""
    return {'versions': _versions(), 'git': _git_state()}


def _versions() -> dict[str, str]:
    backend = keras.backend.backend()
    return {'python': platform.python_version(), 'numpy': np.__version__, 'keras': keras.__version__,
            'backend': backend, backend: sys.modules[backend].__version__}


def _git_state() -> str | None:
    """Commit of the code, `-dirty` if it was changed since; None outside a repository."""
    try:
        described = subprocess.run(['git', 'describe', '--always', '--dirty'], cwd=Path(__file__).parent,
                                   text=True, capture_output=True, check=True)
        return described.stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return None


def _write_history(path: Path, history: Sequence[dict[str, float]]) -> None:
    with parameter.atomic_path(path) as temporary, temporary.open('w', newline='', encoding='utf-8') as file:
        writer = csv.DictWriter(file, list(history[0]))
        writer.writeheader()
        writer.writerows(history)


# ------------------------------------------------------------------------------------------------------------
# What a user sees
# ------------------------------------------------------------------------------------------------------------


def plot_history(path: Path, state: dict[str, Any]) -> None:
    """Draw the curves of a fold's rounds."""
    columns = {name: np.array([scores[name] for scores in state['history']], float)
               for name in state['history'][0]}
    plot_functions(path, columns['training_loss'], columns['validation_loss'],
                   np.stack((columns['ER'], columns['F']), axis=1),
                   np.stack([columns[name] for name in _DOA_COLUMNS], axis=1), columns['SELD'],
                   best_round=state['best_round'])


_DOA_COLUMNS = ('DOA', 'FR', 'predicted_peaks', 'good_frames')


def plot_functions(fig_name: str | Path, tr_loss: np.ndarray, val_loss: np.ndarray, sed_loss: np.ndarray,
                   doa_loss: np.ndarray, epoch_metric_loss: np.ndarray, *,
                   best_round: int | None = None) -> None:
    """Draw the training curves into a file.

    Parameters
    ----------
    fig_name : path
        Of the figure; its ending chooses the format.
    tr_loss, val_loss : arrays, shape (rounds,)
        Losses of training and validation.
    sed_loss : array, shape (rounds, 2)
        Error rate, F.
    doa_loss : array, shape (rounds, 4) or more
        DOA error in degrees, frame recall, predicted peaks, frames with the right number of peaks.
    epoch_metric_loss : array, shape (rounds,)
        SELD score.
    best_round : int, optional
        Marked, if given.
    """
    from matplotlib.figure import Figure  # here: drawing is all that needs it

    rounds = np.arange(1, len(tr_loss) + 1)
    figure = Figure(figsize=(9, 9), layout='constrained')  # without pyplot: no display, no global state
    losses_ax, scores_ax, peaks_ax = figure.subplots(3, 1, sharex=True)
    style = {'marker': 'o', 'markersize': 3}
    for axes, curves in (
            (losses_ax, {'training': tr_loss, 'validation': val_loss}),
            (scores_ax, {'error rate': sed_loss[:, 0], 'F': sed_loss[:, 1],
                         'DOA error / 180°': doa_loss[:, 0] / 180, 'frame recall': doa_loss[:, 1]}),
            (peaks_ax, {'predicted directions': doa_loss[:, 2],
                        'frames with the right number': doa_loss[:, 3]})):
        for label, values in curves.items():
            axes.plot(rounds, values, label=label, **style)
    scores_ax.plot(rounds, epoch_metric_loss, label='SELD score', color='black', linewidth=2, **style)
    losses_ax.set_ylabel('loss')
    scores_ax.set(ylabel='score of the validation fold', ylim=(0, None))
    peaks_ax.set(ylabel='count', xlabel='round')
    peaks_ax.xaxis.get_major_locator().set_params(integer=True)
    for axes in (losses_ax, scores_ax, peaks_ax):
        if best_round is not None:
            axes.axvline(best_round, color='gray', linestyle=':', label=f'best: round {best_round}')
        axes.grid(alpha=0.3)
        axes.legend(loc='center left', bbox_to_anchor=(1, 0.5), frameon=False)
    figure.suptitle(Path(fig_name).stem)
    with parameter.atomic_path(fig_name) as temporary:
        figure.savefig(temporary, dpi=120)


def plot_folds(path: Path, histories: dict[str, Sequence[dict[str, float]]]) -> None:
    """Draw the validation curves of several folds over each other: a panel a score, a line a fold.

    Parameters
    ----------
    path : Path
        Of the figure.
    histories : dict
        Name of each fold, and its rounds as `train_fold` keeps them.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 7), layout='constrained')
    panels = figure.subplots(2, 3, sharex=True)
    for axes, (title, score) in zip(panels.flat, _FOLD_PANELS.items()):
        for name, history in histories.items():
            axes.plot([scores['round'] for scores in history], [scores[score] for scores in history],
                      marker='o', markersize=3, label=name)
        axes.set_title(title)
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    for axes in panels[-1]:
        axes.set_xlabel('round')
    handles, labels = panels.flat[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc='outside lower center', ncols=len(histories))
    figure.suptitle(path.stem)
    with parameter.atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120)


_FOLD_PANELS = {'validation loss': 'validation_loss', 'error rate': 'ER', 'F': 'F',
                'DOA error (degrees)': 'DOA', 'frame recall': 'FR', 'SELD score': 'SELD'}


def _score_line(scores: dict[str, float]) -> str:
    return (f'ER {scores["ER"]:.3f}  F {100 * scores["F"]:4.1f} %  DOA error {scores["DOA"]:5.1f} deg  '
            f'frame recall {100 * scores["FR"]:4.1f} %  SELD {scores["SELD"]:.3f}')


def _round_line(scores: dict[str, float], state: dict[str, Any]) -> str:
    best = state['history'][state['best_round'] - 1]
    return (f'round {scores["round"]:3d}  {scores["seconds"]:4.0f} s  loss {scores["training_loss"]:.3f} / '
            f'{scores["validation_loss"]:.3f}  {_score_line(scores)}  '
            f'best {best["SELD"]:.3f} (round {best["round"]})')


def _print_summary(runs: Sequence[Run], results: Sequence[dict[str, Any]]) -> None:
    """A table of the folds and their mean, where everything is, and how to get the official scores."""
    params = runs[0].params
    tested = {'validation': [run.fold.val for run in runs], 'test': [run.fold.test for run in runs]}
    for name, splits in tested.items():
        rows = [result[name] for result in results if result[name] is not None]
        if not rows:
            continue
        mean = {score: float(np.mean([row[score] for row in rows])) for score in rows[0]}
        print(f'\n{name.capitalize()} scores of the best models{runs[0].note}')
        for split, row in zip([*(f'split {_listed(each)}' for each in splits), 'mean'], [*rows, mean]):
            print(f'  {split:>8}  {_score_line(row)}{runs[0].note}')
    curves = [run.path('.png') for run in runs]
    histories = _histories_of_all_folds(runs[0])
    if len(histories) > 1:
        curves.append(runs[0].folds_figure)
        with exclusive(curves[-1].with_suffix('.lock'), f'drawing {curves[-1]}', patience_s=60):
            parameter.clear_leftovers(curves[-1].parent, curves[-1].stem)
            plot_folds(curves[-1], histories)
    print('\nCurves of training:', *curves, sep='\n  ')
    if params['dcase_output']:
        references = parameter.references_folder(params)
        some = params['quick_test'] or len(runs) < len(parameter.FOLDS[params['mode']])
        print(f'Predictions:\n  {runs[0].output.folder}\nTheir official scores:\n  python '
              f'calculate_SELD_metrics.py {runs[0].output.folder} {references}'
              f'{" --allow-missing" if some else ""}')


def _histories_of_all_folds(run: Run) -> dict[str, list[dict[str, float]]]:
    """The rounds of the job's folds, as far as they are trained: by this command or by others."""
    runs = [dataclasses.replace(run, fold=fold) for fold in parameter.FOLDS[run.params['mode']]]
    histories = {f'test split {_listed(one.fold.test)}': one.load_state()['history'] for one in runs}
    return {name: history for name, history in histories.items() if history}


def _first_line(error: Exception) -> str:
    return next(iter(str(error).strip().splitlines()), type(error).__name__)


def _listed(splits: Sequence[int]) -> str:
    return '+'.join(map(str, splits))


def _chosen_folds(mode: str, splits: Sequence[int] | None) -> list[Fold]:
    folds = {fold.test[0]: fold for fold in parameter.FOLDS[mode]}
    for split in splits or ():
        if split not in folds:
            raise InputError(f'--split: got {split}, expected some of {", ".join(map(str, folds))} '
                             f'(the test splits of mode {mode})')
    return [folds[split] for split in dict.fromkeys(splits or folds)]


def _parse_arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = parameter.script_parser(__doc__, prog='seld.py')
    add = parser.add_argument
    add('task_id', nargs='?', default='1', metavar='task-id', help='a task of parameter.py [1]')
    add('job_id', nargs='?', default='1', metavar='job-id', help='a name for this run [1]')
    add('--split', nargs='+', type=int, metavar='N', help='only the folds that test these splits')
    existing = parser.add_mutually_exclusive_group()
    existing.add_argument('--resume', action='store_true', help='go on with a run that was stopped')
    existing.add_argument('--overwrite', action='store_true',
                          help='start a run that exists anew, and take the folder of predictions')
    parameter.add_settings(parser)
    args = parser.parse_args(arguments)
    if not re.fullmatch(r'[\w.-]+', args.job_id):
        parser.error(f'job-id: got {args.job_id!r}, expected letters, digits, ".", "-", "_": it names files')
    return args


if __name__ == '__main__':
    with parameter.exit_with_one_line(__file__):
        sys.exit(main(sys.argv))
