"""What must be a class of Keras': batches for `fit` and `predict`, and a bar over them."""

import contextlib
import math
import sys
import time
from collections.abc import Callable, Iterator

import keras
from tqdm import tqdm

from seldnet.common.errors import InputError
from seldnet.training.batches import Batches


class KerasBatches(keras.utils.PyDataset):
    """Batches as Keras reads them: two threads, at most two batches ahead, so that little memory is held.

    Parameters
    ----------
    batches : Batches
    """

    def __init__(self, batches: Batches):
        super().__init__(workers=2, max_queue_size=2)
        self._batches = batches
        self._errors: list[Exception] = []

    def __len__(self) -> int:
        return len(self._batches)

    def __getitem__(self, index: int):
        try:
            return self._batches[index]
        except Exception as error:
            self._errors.append(error)
            raise

    @contextlib.contextmanager
    def original_errors(self) -> Iterator[None]:
        """Around a `fit` or `predict` with these batches: an error of reading them comes as it was raised.

        It happens in another thread, and backends wrap it in exceptions of their own.
        """
        try:
            yield
        except Exception:
            if self._errors:
                raise self._errors[0] from None
            raise


class ProgressBar(keras.callbacks.Callback):
    """A bar over the batches of a round, with the loss; stops a training whose loss is not a number.

    Parameters
    ----------
    batches : Batches
    title : str
        Before the bar.
    remedy : str
        End of the message of the InputError.
    """

    def __init__(self, batches: Batches, title: str, remedy: str):
        super().__init__()
        self._batches = batches
        self._remedy = remedy
        self._bar = tqdm(total=len(batches), desc=title, unit='batch', leave=False,
                         file=sys.stdout, disable=None)  # None: quiet when that is no terminal

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called by Keras: the loss is the mean of an epoch, so it starts anew with each."""
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
                f'{batch + 1}: {self._batches.describe_non_finite()}; {self._remedy}')

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:
        """Called by Keras."""
        self._bar.close()


class LearningRate(keras.callbacks.Callback):
    """Sets the learning rate before each batch.

    Parameters
    ----------
    rate_of : function
        Number of the batch, counted within this `fit` -> learning rate.
    """

    def __init__(self, rate_of: Callable[[int], float]):
        super().__init__()
        self._rate_of = rate_of

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called by Keras."""
        self.model.optimizer.learning_rate = self._rate_of(batch)


class FirstBatches(keras.callbacks.Callback):
    """Times the first batches of a `fit`, but for the very first: a backend compiles the network with it.

    Parameters
    ----------
    report : function
        Called once with the seconds that a batch takes.
    nb_batches : int
        Of the whole `fit`; of a single batch the compilation is not left out.
    clock : function
        -> seconds.
    """

    NUMBER, AT_LEAST_S = 5, 3.0  # batches, and seconds that they take, so that their mean says something

    def __init__(self, report: Callable[[float], None], nb_batches: int,
                 clock: Callable[[], float] = time.perf_counter):
        super().__init__()
        self._report = report
        self._last = nb_batches - 1
        self._clock = clock
        self._started = self._begun = 0.0
        self._is_reported = False

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
        """Called by Keras."""
        self._begun = self._clock()

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:
        """Called by Keras."""
        now = self._clock()
        if self._is_reported:
            return
        if batch == 0:
            self._started = now
        timed_s = now - self._started
        if batch == self._last or (batch >= self.NUMBER and timed_s >= self.AT_LEAST_S):
            self._is_reported = True
            self._report(timed_s / batch if batch else now - self._begun)
