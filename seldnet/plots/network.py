"""A network from its input to its outputs: what each block of layers does, its shapes and its weights.

Names, shapes and numbers are read from the layers of a Keras model; Keras itself is not needed here. What
follows a layer with weights and only prepares its output (normalisation, pooling, activation, dropout) is one
block with it.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from seldnet.plots.style import ACCENT, GREY, house_style, text_width_in


class Block(NamedTuple):
    """Some layers, one after the other.

    Attributes
    ----------
    names : tuple of str
        Of the layers.
    kind : str
        Of the first layer: the name of its class in Keras.
    title : str
        What the first layer is.
    details : tuple of str
        What is special about it, and what the others are.
    shape : tuple of int
        Of the last layer's output, without the batch.
    gives : str
        The same in words: '128 frames × 16 bins × 64 filters'.
    nb_weights : int
        Of all its layers, those that training does not change included.
    inputs : tuple of int
        Places of the blocks whose outputs it takes.
    is_output : bool
        Whether what it gives is an output of the network.
    """

    names: tuple[str, ...]
    kind: str
    title: str
    details: tuple[str, ...]
    shape: tuple[int, ...]
    gives: str
    nb_weights: int
    inputs: tuple[int, ...]
    is_output: bool


# ------------------------------------------------------------------------------------------------------------
# From layers to blocks
# ------------------------------------------------------------------------------------------------------------


def network_blocks(model: Any, *, bins: str = 'bins') -> list[Block]:
    """The blocks of a network.

    Parameters
    ----------
    model : keras.Model
        Of layers that are called once each; it takes (batch, frames, bins, planes).
    bins : str
        What the frequency axis counts, in the plural.

    Returns
    -------
    list of Block
        Each behind those whose outputs it takes.
    """
    nb_frames = model.inputs[0].shape[1]
    takers = Counter(id(tensor) for layer in model.layers for tensor in _inputs(layer))
    outputs = {id(tensor) for tensor in model.outputs}
    blocks: list[Block] = []
    place_of: dict[int, int] = {}  # of a tensor: the block that gives it
    for layer in model.layers:
        tensors = _inputs(layer)
        inputs = tuple(place_of[id(tensor)] for tensor in tensors)
        details = tuple(text.format(bin=bins.removesuffix('s'), bins=bins)
                        for text in filter(None, _details(layer)))
        if _goes_on(layer, [blocks[place] for place in inputs]) and takers[id(tensors[0])] == 1:
            place = inputs[0]
            before = blocks[place]
            block = before._replace(names=(*before.names, layer.name), details=before.details + details,
                                    nb_weights=before.nb_weights + layer.count_params())
        else:
            place = len(blocks)
            block = Block((layer.name,), _kind(layer), _title(layer), details, (), '', layer.count_params(),
                          inputs, is_output=False)
            blocks.append(block)
        shape = tuple(layer.output.shape[1:])
        blocks[place] = block._replace(shape=shape, gives=_in_words(shape, block.kind, nb_frames, bins),
                                       is_output=id(layer.output) in outputs)
        place_of[id(layer.output)] = place
    return blocks


def _kind(layer: Any) -> str:
    return type(layer).__name__


def _inputs(layer: Any) -> list[Any]:
    if _kind(layer) == 'InputLayer':
        return []
    return list(layer.input) if isinstance(layer.input, list | tuple) else [layer.input]


_REORDERING = ('Permute', 'Reshape', 'Flatten')
_FOLLOWING = ('BatchNormalization', 'BinNormalization', 'MaxPooling2D', 'ReLU', 'Dropout', 'UpSampling1D')


def _goes_on(layer: Any, inputs: Sequence[Block]) -> bool:
    """Whether a layer belongs to the block whose output it takes."""
    if len(inputs) != 1:
        return False
    kind, before = _kind(layer), inputs[0].kind
    return before in _REORDERING if kind in _REORDERING else kind in _FOLLOWING and before != 'InputLayer'


def _in_words(shape: Sequence[int], kind: str, nb_frames: int, bins: str) -> str:
    """Steps are what is left of the frames where some of them were pooled."""
    time, *others = shape
    words = [f'{time} {"frames" if time == nb_frames else "steps"}']
    if len(others) == 2:
        planes = 'planes' if kind in ('InputLayer', *_REORDERING) else 'filters'
        words += [f'{others[0]} {bins}', f'{others[1]} {planes}']
    else:
        words += [f'{number} values' for number in others]
    return ' × '.join(words)


_TITLES: dict[str, Callable[[Any], str]] = {
    'InputLayer': lambda layer: 'input',
    'Conv2D': lambda layer: f'convolution {" × ".join(map(str, layer.kernel_size))}, {layer.filters} filters',
    'Bidirectional': lambda layer: f'bidirectional {_kind(layer.forward_layer)}, '
                                   f'{layer.forward_layer.units} units',
    'Dense': lambda layer: f'dense, {layer.units} units',
    **dict.fromkeys(_REORDERING, lambda layer: 'the same numbers, arranged anew'),
}


def _title(layer: Any) -> str:
    kind = _kind(layer)
    return _TITLES[kind](layer) if kind in _TITLES else kind


def _pooling(layer: Any) -> str:
    frames, bins = layer.pool_size
    return f'max pooling over {f"{frames} frames × " if frames > 1 else ""}{bins} {{bins}}'


def _normalization(layer: Any) -> str:
    is_of_bins = layer.axis % len(layer.output.shape) == 2
    return f'batch normalisation of each {"{bin}" if is_of_bins else "filter"}'


_MERGING = {'mul': 'its two directions multiplied', 'concat': 'its two directions side by side',
            'sum': 'its two directions added', 'ave': 'the mean of its two directions'}
_FUNCTIONS = {'relu': 'ReLU', 'linear': 'no activation', 'hard_sigmoid_2019': 'hard sigmoid'}


def _recurrence(layer: Any) -> str:
    if _kind(layer) != 'GRU':
        return ''
    return (f'{_function(layer.recurrent_activation)} gates, reset gate '
            f'{"after" if layer.reset_after else "before"} the matrix product')


def _function(activation: Any) -> str:
    name = activation.__name__
    return _FUNCTIONS.get(name, name)


def _strides(layer: Any) -> str:
    frames, _ = layer.strides
    return f'in steps of {frames} frames' if frames > 1 else ''


_DETAILS: dict[str, Callable[[Any], tuple[str, ...]]] = {
    'Conv2D': lambda layer: (_strides(layer),),
    **dict.fromkeys(('BatchNormalization', 'BinNormalization'), lambda layer: (_normalization(layer),)),
    'MaxPooling2D': lambda layer: (_pooling(layer),),
    'ReLU': lambda layer: ('ReLU',),
    'Dropout': lambda layer: (f'dropout {layer.rate:g}' if layer.rate else '',),
    'UpSampling1D': lambda layer: (f'each output {layer.size} times',),
    'Bidirectional': lambda layer: (_MERGING.get(layer.merge_mode, ''), _recurrence(layer.forward_layer)),
    'Dense': lambda layer: (_function(layer.activation),),
}


def _details(layer: Any) -> tuple[str, ...]:
    kind = _kind(layer)
    return _DETAILS[kind](layer) if kind in _DETAILS else ()


# ------------------------------------------------------------------------------------------------------------
# From blocks to a picture
# ------------------------------------------------------------------------------------------------------------

_WIDTH_IN, _WIDEST_BOX_IN, _MARGIN_IN = 7.5, 5.4, 0.1
_FIRST_IN, _GAP_IN, _LAST_IN = 0.65, 0.4, 0.8  # above the first block, between two, below the last arrow
_LINE_IN, _PADDING_IN = 0.165, 0.09
_TITLE_SIZE, _TEXT_SIZE, _SMALL_SIZE = 9, 8, 7  # points
_COLOURS = {'InputLayer': '#e3e8ee', 'Conv2D': '#cfe4f2', 'Bidirectional': '#fde3c8', 'Dense': '#d9ecd2'}
_OTHER_COLOUR = '#f2f2f2'


class _Box(NamedTuple):
    """Where a block stands, inches from the upper left corner, and its lines below the title."""

    middle: float
    top: float
    width: float
    height: float
    lines: list[str]

    @property
    def left(self) -> float:
        return self.middle - self.width / 2

    @property
    def bottom(self) -> float:
        return self.top + self.height


@house_style()
def plot_network(blocks: Sequence[Block], *, title: str = '', footer: str = '',
                 meanings: Mapping[str, str] | None = None) -> Figure:
    """Draw a network from top to bottom, with the shape of what goes from block to block.

    Parameters
    ----------
    blocks : sequence of Block
        As of `network_blocks`.
    title, footer : str
        Above and below.
    meanings : mapping, optional
        Name of a layer that only takes, gives or arranges numbers to what they are.

    Returns
    -------
    Figure
        Outputs side by side; as high as it takes.
    """
    meanings = meanings or {}
    boxes = _boxes(blocks)
    height_in = max(box.bottom for box in boxes) + _GAP_IN + _LAST_IN
    figure = Figure(figsize=(_WIDTH_IN, height_in))
    axes = figure.add_axes((0, 0, 1, 1))
    axes.set_axis_off()
    axes.set(xlim=(0, _WIDTH_IN), ylim=(height_in, 0))
    axes.text(_WIDTH_IN / 2, 0.3, title, ha='center', va='center', fontsize='x-large', fontweight='bold')
    axes.text(_WIDTH_IN / 2, height_in - 0.2, footer, ha='center', va='center', fontsize=_TEXT_SIZE)
    takers = Counter(place for block in blocks for place in block.inputs)
    for place, (block, box) in enumerate(zip(blocks, boxes)):
        meaning = next((meanings[name] for name in block.names if name in meanings), '')
        _draw_block(axes, block, box, title='' if block.is_output else meaning)
        for before in block.inputs:
            _draw_arrow(axes, boxes[before], box)
        if takers[place] == 1:
            axes.text(box.middle + 0.1, box.bottom + 0.45 * _GAP_IN, block.gives, ha='left', va='center',
                      color=ACCENT, fontsize=_TEXT_SIZE)
        elif takers[place]:  # between the arrows, where they are apart
            axes.text(box.middle, box.bottom + 0.75 * _GAP_IN, block.gives, ha='center', va='center',
                      color=ACCENT, fontsize=_TEXT_SIZE)
        if block.is_output:
            end = box._replace(top=box.bottom + _GAP_IN)
            _draw_arrow(axes, box, end)
            words = '\n'.join(filter(None, (block.gives, meaning)))
            axes.text(box.middle, end.top + 0.04, words, ha='center', va='top', color=ACCENT,
                      fontsize=_TEXT_SIZE)
    return figure


def _boxes(blocks: Sequence[Block]) -> list[_Box]:
    """A block stands below those that it takes from; what leads to one output only, in its column."""
    outputs = [place for place, block in enumerate(blocks) if block.is_output]
    column_in = _WIDTH_IN / len(outputs)
    columns = [_outputs_reached(blocks, place, outputs) for place in range(len(blocks))]
    rows: list[int] = []
    for block in blocks:
        rows.append(max((rows[place] + 1 for place in block.inputs), default=0))
    widths = [min(_WIDEST_BOX_IN, column_in * len(reached) - 2 * _MARGIN_IN) for reached in columns]
    lines = [_joined(block.details, width) for block, width in zip(blocks, widths)]
    heights = [2 * _PADDING_IN + _LINE_IN * (1.1 + len(of_block)) for of_block in lines]
    tops = [_FIRST_IN]
    for row in range(max(rows)):
        tops.append(tops[row] + _GAP_IN + max(height for height, of_block in zip(heights, rows)
                                              if of_block == row))
    return [_Box(column_in * (sum(reached) / len(reached) + 0.5), tops[row], width, height, of_block)
            for reached, row, width, height, of_block in zip(columns, rows, widths, heights, lines)]


def _outputs_reached(blocks: Sequence[Block], place: int, outputs: Sequence[int]) -> list[int]:
    """Which of the outputs, counted from 0, depend on a block."""
    reached = {place}
    for later in range(place + 1, len(blocks)):
        if reached & set(blocks[later].inputs):
            reached.add(later)
    return [number for number, output in enumerate(outputs) if output in reached]


def _joined(details: Sequence[str], width_in: float) -> list[str]:
    """The details in as few lines as fit into the width."""
    lines: list[str] = []
    for detail in details:
        longer = f'{lines[-1]}, {detail}' if lines else detail
        if lines and text_width_in([longer], _TEXT_SIZE) > width_in - 2 * _PADDING_IN:
            lines.append(detail)
        else:
            lines[-1:] = [longer]
    return lines


def _draw_block(axes: Axes, block: Block, box: _Box, title: str) -> None:
    """The title in the middle of the first line, the first layer's name and the weights at its ends."""
    axes.add_patch(FancyBboxPatch((box.left, box.top), box.width, box.height, linewidth=0.7, edgecolor='0.35',
                                  boxstyle='round,pad=0,rounding_size=0.06',
                                  facecolor=_COLOURS.get(block.kind, _OTHER_COLOUR)))
    line = box.top + _PADDING_IN + _LINE_IN / 2
    axes.text(box.middle, line, title or block.title, ha='center', va='center', fontsize=_TITLE_SIZE,
              fontweight='bold')
    axes.text(box.left + _PADDING_IN, line, block.names[0], ha='left', va='center', fontsize=_SMALL_SIZE)
    if block.nb_weights:
        axes.text(box.left + box.width - _PADDING_IN, line, f'{block.nb_weights:,} weights', ha='right',
                  va='center', fontsize=_SMALL_SIZE)
    for number, text in enumerate(box.lines, 1):
        axes.text(box.middle, line + (number + 0.1) * _LINE_IN, text, ha='center', va='center',
                  fontsize=_TEXT_SIZE)


def _draw_arrow(axes: Axes, start: _Box, end: _Box) -> None:
    axes.annotate('', (end.middle, end.top), (start.middle, start.bottom),
                  arrowprops={'arrowstyle': '-|>', 'color': GREY, 'linewidth': 1, 'shrinkA': 0, 'shrinkB': 0})
