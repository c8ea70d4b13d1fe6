"""`released`: the network that the 2019 release trained and whose scores were published.

It differs from the paper's description in three ways, each kept here: (1) its eight input "channels" are what
a plain reshape of a stored row makes of them, two neighbouring bins times four audio channels, with the
magnitudes in the first half of the frequency axis and the phases in the second; (2) batch normalisation acts
on each frequency bin, not on each filter; (3) its recurrent layer is the GRU of Keras 2.2.4: the reset gate
before the matrix product, and a hard sigmoid.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from seldnet.extraction.features import SPECTRA
from seldnet.methods import regression
from seldnet.methods.method import Method, check_pooling


def build(data_in: Sequence[int], nb_classes: int, params: Mapping[str, Any], *,
          jit_compile: bool | str | None = None) -> Any:
    """The compiled network; arguments as of `Method`.

    Parameters
    ----------
    data_in : (batch, frames, bins, planes)
    nb_classes : int
    params : mapping
        As of `layers.seldnet`.
    jit_compile : bool, 'auto' or None
        None is 'auto', Keras' own choice.

    Returns
    -------
    keras.Model
    """
    from seldnet.methods import layers

    return layers.seldnet('released', data_in, nb_classes, params, planes_of=lambda features: features,
                          normalized_axis=2, gru=layers.gru_of_keras_2,
                          jit_compile='auto' if jit_compile is None else jit_compile)


METHOD = Method(
    'released', kind=SPECTRA, make_targets=regression.make_targets, target_sizes=regression.target_sizes,
    read_outputs=regression.read_outputs, build=build, losses=regression.losses, check_sizes=check_pooling,
    doa_error_if_silent=0.0)
