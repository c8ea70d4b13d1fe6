"""From spectra to what a network says of each frame, in pieces: memory does not depend on the length.

A network is given sequences of some seconds. They overlap, and each frame is taken from the sequence whose
edge is further away.
"""

from collections.abc import Iterable, Iterator

import numpy as np

from seldnet.extraction.features import rounded
from seldnet.extraction.levels import Magnitudes
from seldnet.extraction.scaler import normalize
from seldnet.methods.soft_scores import Scores
from seldnet.prediction.trained_model import Network, TrainedModel
from seldnet.training.batches import FILL_FEATURE


def feature_blocks(spectra: Iterable[np.ndarray], model: TrainedModel,
                   magnitudes: Magnitudes | None = None) -> Iterator[np.ndarray]:
    """Normalised features of some frames at a time, rounded as if they had been stored.

    Parameters
    ----------
    spectra : iterable of complex arrays, shape (frames, bins, 4)
        Of `stft_blocks`, at the data set's rate.
    model : TrainedModel
    magnitudes : Magnitudes, optional
        Where levels are noted.

    Yields
    ------
    array, shape (frames, columns)
        Of the type in which the model's features were stored.

    Raises
    ------
    InputError
        If a feature is beyond the range of the type in which features were stored.
    """
    kind = model.method.kind
    for spectrum in spectra:
        features = kind.compute(spectrum, model.dataset, model.audio_format)
        if magnitudes is not None:
            magnitudes.add(kind.mean_magnitude(features), len(features))
        yield rounded(normalize(features, model.scaler), model.feature_dtype,
                      'the recordings that the model was trained on')


def cut_into_sequences(blocks: Iterable[np.ndarray], length: int, overlap: int) -> Iterator[np.ndarray]:
    """Sequences of `length` frames (the last may be shorter) that share `overlap` frames with the next.

    Parameters
    ----------
    blocks : iterable of arrays, shape (frames, columns)
        Of any lengths.
    length : int
        Frames, at least 1.
    overlap : int
        Frames, 0..length - 1.

    Yields
    ------
    array, shape (length, columns)
        The last may have fewer frames.

    Examples
    --------
    >>> blocks = [np.arange(5)[:, None], np.arange(5, 9)[:, None]]
    >>> [sequence.ravel().tolist() for sequence in cut_into_sequences(blocks, 4, 2)]
    [[0, 1, 2, 3], [2, 3, 4, 5], [4, 5, 6, 7], [6, 7, 8]]
    """
    waiting: list[np.ndarray] = []
    is_first = True
    for block in blocks:
        waiting.append(block)
        if sum(map(len, waiting)) < length:
            continue
        frames = np.concatenate(waiting)
        while len(frames) >= length:
            yield frames[:length]
            is_first = False
            frames = frames[length - overlap:]
        waiting = [frames]
    rest = np.concatenate(waiting) if waiting else ()
    if len(rest) > (0 if is_first else overlap):  # there is more than the end of the sequence before
        yield rest


def join_sequences(outputs: Iterable[np.ndarray], length: int, overlap: int) -> Iterator[np.ndarray]:
    """The outputs of `cut_into_sequences` strung together.

    Each frame of an overlap is taken from the sequence whose edge is further away.

    Parameters
    ----------
    outputs : iterable of arrays, shape (frames, columns)
        One for each sequence, as long as it.
    length, overlap : int
        As of `cut_into_sequences`.

    Yields
    ------
    array, shape (frames, columns)
        Pieces, together as long as the recording.

    Examples
    --------
    >>> sequences = cut_into_sequences([np.arange(9)[:, None]], 4, 2)
    >>> [piece.ravel().tolist() for piece in join_sequences(sequences, 4, 2)]
    [[0, 1, 2], [3, 4], [5, 6], [7, 8], []]
    """
    before = overlap // 2
    end = length - (overlap - before)
    last = None
    for output in outputs:
        yield output[before if last is not None else 0:end]
        last = output
    if last is not None:
        yield last[end:]


def predict_scores(blocks: Iterable[np.ndarray], model: TrainedModel, network: Network, overlap: int,
                   batch_sequences: int | None = None) -> Iterator[Scores]:
    """What a network finds, piece by piece.

    Parameters
    ----------
    blocks : iterable of arrays, (frames, columns)
        Of `feature_blocks`.
    model : TrainedModel
    network : function
        Of `TrainedModel.load_network`.
    overlap : int
        Frames that neighbouring sequences share.
    batch_sequences : int, optional
        How many sequences the network is given at a time; by default the model's.

    Yields
    ------
    Scores
        Together of as many frames as the blocks have.
    """
    length = model.sequence_length
    sequences = cut_into_sequences(blocks, length, overlap)
    outputs = _outputs(sequences, model, network, batch_sequences or model.batch_sequences)
    for output in join_sequences(outputs, length, overlap):
        yield Scores(*np.split(output, 3, axis=-1))


def _outputs(sequences: Iterable[np.ndarray], model: TrainedModel, network: Network,
             batch_sequences: int) -> Iterator[np.ndarray]:
    """Activities, azimuths and elevations (degrees) of each sequence, side by side: (frames, 3 * classes).

    The network always gets the same number of sequences, filled up as in training's tests. With that of a
    recording of the data set results are the same to the bit; and it is compiled for one shape.
    """
    sequences = iter(sequences)
    while group := [frames for _, frames in zip(range(batch_sequences), sequences)]:
        batch = np.full((batch_sequences, model.sequence_length, model.nb_columns), FILL_FEATURE, np.float32)
        for place, frames in enumerate(group):
            batch[place, :len(frames)] = frames
        activity, *directions_rad = model.method.read_outputs(network(batch))
        for frames, *columns in zip(group, activity, *map(np.degrees, directions_rad)):
            yield np.concatenate(columns, axis=1)[:len(frames)]
