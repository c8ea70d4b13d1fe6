"""What a run, one fold of a job, keeps on disk: settings, state, models, curves."""

import dataclasses
import glob
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seldnet.annotations.dataset import TAU2019, Dataset, Fold
from seldnet.annotations.output_format import predictions_folder
from seldnet.annotations.saved_settings import read_settings
from seldnet.annotations.stored_facts import DATASET_FACTS
from seldnet.common.errors import InputError
from seldnet.common.files import atomic_path, clear_leftovers, write_json
from seldnet.extraction.recording_set import RecordingSet
from seldnet.methods.method import Method
from seldnet.methods.registry import METHODS
from seldnet.methods.soft_scores import SCORES_ENDING
from seldnet.plots.curves import plot_history
from seldnet.training import backend, network
from seldnet.training.batches import Rotated, find_rotations
from seldnet.training.estimate import Clock
from seldnet.training.history import State, git_state, read_state, write_history
from seldnet.training.output_folder import OutputFolder
from seldnet.training.resumption import (
    ANEW,
    label_digest,
    note_resumption,
    refuse_other_dataset,
    refuse_other_labels,
    refuse_other_scaler,
    refuse_other_settings,
)
from seldnet.training.schedules import rate_function

if TYPE_CHECKING:
    import keras

QUICK_TEST_ROUNDS = QUICK_TEST_BATCHES = 2
MODEL_ENDING, SETTINGS_ENDING, SCALER_ENDING, LOG_ENDING = '_model.keras', '.json', '_wts.npz', '.log'


@dataclasses.dataclass(frozen=True)
class Run:
    """One fold of a job: its settings and its files.

    Files: `<model_dir>/<task>_<job>_<dataset>_<mode>_split<n>` with the endings `_model.keras` (best model),
    `.json` (settings, versions), `_wts.npz` (scaler), `.png` (curves), `_metrics.csv`, `.log` and, to go on
    from, `_state.json` and `_round<k>.keras`. The state is written after the models that it names.

    Parameters
    ----------
    task_id, job_id : str
    fold : Fold
    params : dict
        Settings of `parameter.py`.
    dataset : Dataset
    find_versions, say : function
        -> versions of what the numbers depend on; takes lines for the user.
    clock : Clock
        Of the command that trains the run, perhaps among others.
    """

    task_id: str
    job_id: str
    fold: Fold
    params: dict[str, Any]
    dataset: Dataset = TAU2019
    find_versions: Callable[[], Mapping[str, str]] = backend.versions
    say: Callable[..., None] = lambda *lines: None
    clock: Clock = dataclasses.field(default_factory=Clock)

    # ---- names ----

    @property
    def name(self) -> str:
        """Stem of the run's files."""
        return f'{self._job_name}_split{self.fold.test[0]}'

    @property
    def folds_figure(self) -> Path:
        """The curves of all folds of the job, over each other."""
        return Path(self.params['model_dir']) / f'{self._job_name}_folds.png'

    @property
    def _job_name(self) -> str:
        name = self.dataset.set_name(self.params['dataset'], self.params['mode'])
        return f'{self.task_id}_{self.job_id}_{name}'

    def path(self, ending: str) -> Path:
        """A file of the run.

        Parameters
        ----------
        ending : str
            Such as '_model.keras'.

        Returns
        -------
        Path
        """
        return Path(self.params['model_dir']) / f'{self.name}{ending}'

    def checkpoint(self, round_number: int) -> Path:
        """The model after a round.

        Parameters
        ----------
        round_number : int
            Counted from 1.

        Returns
        -------
        Path
        """
        return self.path(f'_round{round_number}.keras')

    @property
    def output(self) -> OutputFolder:
        """Where the predictions of all folds go."""
        folder = predictions_folder(self.params['dcase_dir'], self.task_id, self.params['dataset'],
                                    self.params['mode'])
        return OutputFolder(folder, self.task_id, self.job_id, self.params, self.dataset)

    # ---- facts ----

    @property
    def method(self) -> Method:
        """What is trained."""
        return METHODS[self.params['model_variant']].with_thresholds(self.params['threshold'], self.dataset)

    @property
    def seed(self) -> int:
        """Another for each fold."""
        return self.params['seed'] + self.fold.test[0]

    @property
    def nb_rounds(self) -> int:
        """Rounds of training at most."""
        return QUICK_TEST_ROUNDS if self.params['quick_test'] else self.params['nb_epochs']

    @property
    def test_rotations(self) -> list[Rotated]:
        """The rotations that test predictions are averaged over; empty for none."""
        is_asked = self.params['test_rotations']
        return find_rotations(self.method.kind, self.params['dataset'], 'test_rotations') if is_asked else []

    def rate_of_batches(self, round_number: int, nb_batches: int) -> Callable[[int], float] | None:
        """The learning rates of a round's batches.

        Parameters
        ----------
        round_number : int
            Counted from 1.
        nb_batches : int
            Of a round.

        Returns
        -------
        function or None
            Number of the batch within the round -> learning rate; None where it does not change.
        """
        return rate_function(self.params['schedule'], self.params['learning_rate'],
                             nb_batches * (round_number - 1), nb_batches * self.nb_rounds)

    def recordings(self, *, is_eval: bool = False) -> RecordingSet:
        """The recordings whose features and labels are read.

        Parameters
        ----------
        is_eval : bool
            The evaluation set rather than the development set.

        Returns
        -------
        RecordingSet

        Raises
        ------
        InputError
            As `RecordingSet`.
        """
        params = self.params
        return RecordingSet(Path(params['dataset_dir']), Path(params['feat_label_dir']), params['dataset'],
                            is_eval, self.method.kind, params['feature_dtype'], dataset=self.dataset)

    # ---- before and after the training ----

    def check_settings(self, bins: int) -> None:
        """Raise an InputError unless the settings suit the method and its features.

        Parameters
        ----------
        bins : int
            Of the features.

        Raises
        ------
        InputError
            With the setting.
        """
        try:
            self.method.check_sizes(bins, self.params)
        except ValueError as error:
            raise InputError(f'setting {error}') from None
        for setting in filter(self.params.get, ('rotate', 'test_rotations')):
            find_rotations(self.method.kind, self.params['dataset'], setting)
        initial = self.params['initial_model']
        if initial and not Path(initial).is_file():
            raise InputError(f'{initial}: no such model (setting initial_model)')

    def check_existing(self, *, resume: bool) -> None:
        """Raise an InputError if there are files of this run that a start, or a resumption, would spoil.

        Parameters
        ----------
        resume : bool
            Whether the run is to be gone on with.

        Raises
        ------
        InputError
            If it exists and is not to be resumed; or it is, with other settings, features or labels, or
            without the files to go on from.
        """
        if not self._has_rounds():
            return
        settings_path, scaler_path = self.path(SETTINGS_ENDING), self.path(SCALER_ENDING)
        if not resume:
            raise InputError(f'{settings_path}: this run exists; --resume goes on with it, --overwrite '
                             'starts it anew, another job id leaves it alone')
        refuse_other_settings(settings_path, self.params)
        refuse_other_dataset(settings_path, self.dataset)
        state = self.load_state()
        best = self.path(MODEL_ENDING)
        if state['history'] and not best.is_file():
            raise InputError(f'{best}: missing, but {self.path("_state.json")} has {len(state["history"])} '
                             'rounds; copy it back, or train the run again (--overwrite)')
        checkpoint = self.checkpoint(len(state['history']))
        if state['history'] and not self.is_finished(state) and not checkpoint.exists():
            remedy = 'train it again (--overwrite)' if state['results'] is None else (
                'versions before this one kept none of a finished run; a new job can start from its best: '
                f'--initial_model {shlex.quote(str(self.path(MODEL_ENDING)))}')
            raise InputError(f'{checkpoint}: no such model; {remedy}')
        refuse_other_scaler(scaler_path, self.recordings().scaler_file)
        refuse_other_labels(settings_path, self._label_digest())

    def prepare(self, *, overwrite: bool) -> list[str]:
        """Write the settings of a new run, or note that it is gone on with; returns what a user should know.

        Parameters
        ----------
        overwrite : bool
            What the run has left goes first.

        Returns
        -------
        list of str
            What is other than before, in a run that is resumed.

        Raises
        ------
        InputError
            If what the run has saved cannot be read.
        OSError
            If there is no scaler, or files cannot be written.
        """
        clear_leftovers(Path(self.params['model_dir']), self.name)
        if overwrite:
            for path in self._files():
                path.unlink()
            shutil.rmtree(self.path('_tensorboard'), ignore_errors=True)
        if self._has_rounds():
            state = self.load_state()
            if self.is_finished(state):  # nothing is to be added
                return []
            saved = read_settings(self.path(SETTINGS_ENDING), remedy=ANEW)
            updated, lines = note_resumption(saved, self.params, self._provenance(), len(state['history']))
            if updated != saved:
                write_json(self.path(SETTINGS_ENDING), updated)
            return [f'{self.name}: {line}' for line in lines]
        with atomic_path(self.path(SCALER_ENDING)) as temporary:
            shutil.copyfile(self.recordings().scaler_file, temporary)
        write_json(self.path(SETTINGS_ENDING), {
            'task': self.task_id, 'job': self.job_id, 'fold': self.fold._asdict(), 'params': self.params,
            'data': {'labels': self._label_digest()}, DATASET_FACTS: self.dataset.facts()}
            | self._provenance())
        return []

    def _has_rounds(self) -> bool:
        """Whether there is something to lose: more than what is there before the first round has ended."""
        return bool(set(self._files()) - set(map(self.path, (SETTINGS_ENDING, SCALER_ENDING, LOG_ENDING))))

    def _label_digest(self) -> str:
        return label_digest(self.recordings(), {split for splits in self.fold for split in splits})

    def _provenance(self) -> dict[str, Any]:
        return {'versions': self.find_versions(), 'git': git_state()}

    def _files(self) -> list[Path]:
        """What the run has left, but for TensorBoard's logs."""
        others = ('.png', '_metrics.csv', '_state.json')
        endings = (SETTINGS_ENDING, MODEL_ENDING, SCALER_ENDING, LOG_ENDING, *others)
        return [path for path in map(self.path, endings) if path.exists()] + self._checkpoints()

    def _checkpoints(self) -> list[Path]:
        return sorted(Path(self.params['model_dir']).glob(f'{glob.escape(self.name)}_round*.keras'))

    def lacks_predictions(self, names: Sequence[str]) -> bool:
        """Whether recordings have no predictions in the output folder, and are to have some.

        Parameters
        ----------
        names : sequence of str
            Of recordings, with or without an ending.

        Returns
        -------
        bool
            False where the settings ask for no predictions.
        """
        endings = ['.csv', *([SCORES_ENDING] if self.params['save_scores'] else [])]
        return self.params['dcase_output'] and not all(
            (self.output.folder / f'{Path(name).stem}{ending}').exists()
            for name in names for ending in endings)

    # ---- state ----

    def load_state(self) -> State:
        """Where the run is: its history, the best round and, once it has finished, the results."""
        path = self.path('_state.json')
        return read_state(path, ANEW) if path.exists() else {
            'history': [], 'best_round': None, 'results': None}

    def is_over(self, state: State) -> bool:
        """Whether all rounds are done, or more than `patience` in a row brought nothing better.

        Parameters
        ----------
        state : dict
            As of `load_state`.

        Returns
        -------
        bool
        """
        rounds = len(state['history'])
        return rounds >= self.nb_rounds or rounds - (state['best_round'] or 0) > self.params['patience']

    def is_finished(self, state: State) -> bool:
        """Whether the run has its results, and the settings do not ask for more rounds.

        Parameters
        ----------
        state : dict
            As of `load_state`.

        Returns
        -------
        bool
        """
        return state['results'] is not None and self.is_over(state)

    def save_round(self, model: 'keras.Model', state: State) -> None:
        """Write everything that a killed run needs to go on after this round.

        Parameters
        ----------
        model : keras.Model
        state : dict
            As of `load_state`, this round included.
        """
        checkpoint = self.checkpoint(len(state['history']))
        network.save(model, checkpoint)
        if state['best_round'] == len(state['history']):
            with atomic_path(self.path(MODEL_ENDING)) as temporary:
                shutil.copyfile(checkpoint, temporary)
        write_json(self.path('_state.json'), state)
        for path in self._checkpoints():
            if path != checkpoint:
                path.unlink()
        self._write_curves(state)

    def finish(self, state: State) -> None:
        """Note the results; the model of the last round stays, for who wants more rounds.

        Parameters
        ----------
        state : dict
            As of `load_state`, with the results.
        """
        self._write_curves(state)  # once more: a kill may have come before
        write_json(self.path('_state.json'), state)

    def _write_curves(self, state: State) -> None:
        write_history(self.path('_metrics.csv'), state['history'])
        plot_history(self.path('.png'), state, quick_test=self.params['quick_test'])
