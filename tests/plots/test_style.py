"""What all pictures share: looks of the classes, the legend, files by their ending."""

import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from pictures import FEW_AND_MANY, what_cannot_be_read, with_classes

from seldnet.annotations.dataset import TAU2019
from seldnet.common.errors import InputError
from seldnet.plots import style

ROOT = Path(__file__).parents[2]
NAMES_OF_2022 = (
    'Female speech, woman speaking', 'Male speech, man speaking', 'Clapping', 'Telephone', 'Laughter',
    'Domestic sounds', 'Walk, footsteps', 'Door, open or close', 'Music', 'Musical instrument',
    'Water tap, faucet', 'Bell', 'Knock')


# Linear RGB as seen without one kind of cone (Machado, Oliveira, Fernandes 2009, severity 1).
SIGHTS = {
    'normal': np.eye(3),
    'protanopia': [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    'deuteranopia': [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    'tritanopia': [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}


def oklab(linear_rgb):
    """Coordinates in which equal distances look about equally different (Ottosson 2020)."""
    lms = linear_rgb @ np.transpose([[0.4122214708, 0.5363325363, 0.0514459929],
                                     [0.2119034982, 0.6806995451, 0.1073969566],
                                     [0.0883024619, 0.2817188376, 0.6299787005]])
    return np.cbrt(np.clip(lms, 0, None)) @ np.transpose([[0.2104542553, 0.7936177850, -0.0040720468],
                                                          [1.9779984951, -2.4285922050, 0.4505937099],
                                                          [0.0259040371, 0.7827717662, -0.8086757660]])


def linear_rgb(colours):
    rgb = np.array([matplotlib.colors.to_rgb(colour) for colour in colours])
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)


def luminance(colours):
    return linear_rgb(colours) @ [0.2126, 0.7152, 0.0722]


def class_colours():
    return [look.colour for look in style.class_styles().values()]


@pytest.mark.parametrize('sight', SIGHTS)
def test_all_colours_differ_from_each_other_and_from_paper(sight):
    seen = oklab(linear_rgb(['#ffffff', *class_colours()]) @ np.transpose(SIGHTS[sight]))
    distance = np.linalg.norm(seen[:, None] - seen, axis=-1)[np.triu_indices(len(seen), 1)]
    # Of Tol's nine muted colours with black and grey, a common choice, the nearest two have 0.04.
    assert distance.min() > (0.19 if sight == 'normal' else 0.11)


def contrast(colours):
    """With white, as the Web Content Accessibility Guidelines define it."""
    return 1.05 / (luminance(colours) + 0.05)


def test_contrast_by_known_colours():
    np.testing.assert_allclose(contrast(['#000000', '#ffffff', '#777777']), [21, 1, 4.48], atol=0.01)


def test_all_colours_stand_out_on_white():
    drawn = [*class_colours(), style.ACCENT, style.GREY]
    assert contrast(drawn).min() >= 2.5


SIMILAR = ('oh', 'sD', '^v', '<>', 'PX')


def test_in_grey_markers_of_similar_shape_differ_in_lightness():
    by_marker = {look.marker: look.colour for look in style.class_styles().values()}
    for pair in SIMILAR:
        lightness = np.cbrt(luminance([by_marker[marker] for marker in pair]))  # that of OKLab for greys
        assert abs(np.diff(lightness)) > 0.15, pair


@pytest.mark.parametrize('nb_lines', [2, 3, 4, 5])
def test_lines_differ_without_colour(nb_lines):
    looks = [style.line_style(place) for place in range(nb_lines)]
    for key in ('linestyle', 'marker', 'color'):
        assert len({look[key] for look in looks}) == nb_lines
    assert len({style.bar_style(place)['hatch'] for place in range(nb_lines)}) == nb_lines


def test_any_number_of_lines_and_bars():
    for look in (style.line_style, style.bar_style):
        for place in range(60):
            Figure().subplots().plot([0, 1], color=look(place)['color'])
            assert look(place) != look(place + 1)


def test_every_class_has_a_marker_of_its_own():
    styles = style.class_styles()
    assert list(styles) == list(TAU2019.classes)
    assert len({look.marker for look in styles.values()}) == len(TAU2019.classes)


def test_the_looks_of_tau_2019():
    styles = style.class_styles(TAU2019)
    assert styles['knock'] == ('#003c4b', 'o')
    assert styles['keyboard'] == ('#690000', 'X')
    assert styles['laughter'] == ('#0078b4', '*')


@pytest.mark.parametrize('nb_classes', [1, 11, 12, 40, 121])
def test_any_number_of_classes(nb_classes):
    styles = style.class_styles(with_classes(*(f'class {number}' for number in range(nb_classes))))
    assert list(styles) == [f'class {number}' for number in range(nb_classes)]
    assert len(set(styles.values())) == nb_classes
    assert all(look.colour != after.colour and look.marker != after.marker
               for look, after in pairwise(styles.values()))


def test_legend_names_all_classes_in_their_colours():
    figure = Figure(layout='constrained')
    style.class_legend(figure)
    legend, = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == list(TAU2019.classes)
    assert [line.get_color() for line in legend.get_lines()] == [
        look.colour for look in style.class_styles().values()]


@pytest.mark.parametrize('names', [TAU2019.classes, NAMES_OF_2022, ('a', 'b'), tuple(map(str, range(60))),
                                   *FEW_AND_MANY.values()])
@pytest.mark.parametrize('width_in', [7.5, 11.5])
def test_legend_fits_into_the_figure(names, width_in):
    dataset = with_classes(*names)
    figure = Figure(figsize=(width_in, 2 + style.legend_height_in(width_in, dataset)), layout='constrained')
    figure.subplots()
    style.class_legend(figure, dataset=dataset)
    assert what_cannot_be_read(figure) == []
    extent = figure.legends[0].get_window_extent()
    assert figure.bbox.x0 <= extent.x0 < extent.x1 <= figure.bbox.x1
    assert extent.height <= style.legend_height_in(width_in, dataset) * figure.dpi
    assert len(figure.legends[0].get_texts()) == len(names)


def test_long_names_keep_what_distinguishes_them():
    names = [f'a very long name of a class, with a room and a number {number}' for number in range(12)]
    shortened = [style.short_name(name) for name in names]
    assert len(set(shortened)) == 12
    assert max(map(len, shortened)) <= 40


def test_the_style_is_gone_after_a_picture():
    before = dict(matplotlib.rcParams)
    with style.house_style():
        assert matplotlib.rcParams['axes.grid']
    assert dict(matplotlib.rcParams) == before


@pytest.mark.parametrize(('name', 'beginning'),
                         [('a.png', b'\x89PNG'), ('a.PDF', b'%PDF'), ('a.svg', b'<?xml')])
def test_ending_chooses_the_kind_of_file(tmp_path, name, beginning):
    figure = Figure()
    figure.text(0.5, 0.5, 'azimuth')
    style.save(figure, tmp_path / 'new folder' / name)
    content = (tmp_path / 'new folder' / name).read_bytes()
    assert content.startswith(beginning)
    assert not name.endswith('svg') or b'>azimuth</text>' in content  # text stays text
    assert [path.name for path in (tmp_path / 'new folder').iterdir()] == [name]


@pytest.mark.parametrize('name', ['a.jpg', 'a', 'png'])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(InputError, match=r'expected a file name that ends in \.png, \.pdf, \.svg'):
        style.save(None, tmp_path / name)


def test_drawing_touches_no_global_state(tmp_path):
    """pyplot, which chooses a backend and keeps figures, is loaded by neither the import nor a picture."""
    code = """
import sys
import numpy as np
from seldnet.plots import curves, recording, style
figure = recording.plot_recording(np.array([(10, 2, 90, -20)]))
style.save(figure, sys.argv[1])
assert 'matplotlib.pyplot' not in sys.modules
"""
    done = subprocess.run([sys.executable, '-c', code, tmp_path / 'a.png'], cwd=ROOT, capture_output=True,
                          text=True)
    assert (done.returncode, done.stderr) == (0, '')
    assert (tmp_path / 'a.png').stat().st_size > 10_000
