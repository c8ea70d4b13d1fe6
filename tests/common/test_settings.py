"""A table of settings: checked values, and options of a script."""

import argparse

import pytest

from seldnet.common.errors import InputError
from seldnet.common.settings import Setting, add_settings, checked_settings, options_given, settings_given

TABLE = {
    'quick': Setting(True, 'a switch'),
    'format': Setting('foa', 'a choice', choices=('foa', 'mic')),
    'size': Setting(4, 'a whole number', minimum=1),
    'rate': Setting(0.0, 'a number', minimum=0, maximum=0.99),
    'sizes': Setting([8, 8], 'a list of whole numbers', minimum=1),
    'weights': Setting([1.0], 'a list of numbers'),
    'patience': Setting(None, 'a whole number or none', kind=int),
}


def test_values_come_in_their_settings_types():
    checked = checked_settings(TABLE, {'rate': 0, 'sizes': (2, 3), 'weights': [1, 2.5], 'patience': None})
    assert checked == {'rate': 0.0, 'sizes': [2, 3], 'weights': [1.0, 2.5], 'patience': None}
    assert isinstance(checked['rate'], float) and isinstance(checked['weights'][0], float)


@pytest.mark.parametrize('values, message', [
    (dict(sise=3), "unknown setting 'sise', did you mean 'size'"),
    (dict(size='16'), "setting size: got '16', expected a whole number"),
    (dict(size=True), 'setting size: got True, expected a whole number'),
    (dict(size=0), 'setting size: got 0, expected at least 1'),
    (dict(quick=1), 'setting quick: got 1, expected True or False'),
    (dict(format='foo'), "setting format: got 'foo', expected one of foa, mic"),
    (dict(rate=float('nan')), 'setting rate: got nan, expected a finite number'),
    (dict(rate=1), 'setting rate: got 1.0, expected at most 0.99'),
    (dict(sizes=[]), r'setting sizes: got \[\], expected a list'),
    (dict(sizes=[2.5]), r'setting sizes: got 2.5, expected a whole number'),
    (dict(size=None), 'setting size: got None, expected a whole number'),
])
def test_wrong_values_are_refused(values, message):
    with pytest.raises(InputError, match=message):
        checked_settings(TABLE, values)


def test_options_give_what_stood_on_the_command_line():
    def parse(*arguments):
        parser = argparse.ArgumentParser()
        add_settings(parser, TABLE, TABLE)
        return settings_given(parser.parse_args(arguments), TABLE)

    assert parse() == {}
    assert parse('--sizes', '4', '2', '--quick', 'no', '--rate', '.5', '--patience', '3') == dict(
        sizes=[4, 2], quick=False, rate=0.5, patience=3)


def test_none_is_a_value_where_the_help_says_so(capsys):
    parser = argparse.ArgumentParser()
    add_settings(parser, TABLE, TABLE)
    args = parser.parse_args(['--sizes', '4', '2', '--patience', 'None'])
    assert settings_given(args, TABLE) == {'sizes': [4, 2], 'patience': None}
    assert options_given(args, TABLE) == ['--sizes', '4', '2', '--patience', 'none']
    for option, message in (('--patience', 'argument --patience: invalid int value'),
                            ('--size', "argument --size: invalid int value: 'none'")):
        with pytest.raises(SystemExit):
            parser.parse_args([option, 'nobody' if option == '--patience' else 'none'])
        assert message in capsys.readouterr().err


def test_a_wrong_option_ends_in_the_parsers_line(capsys):
    parser = argparse.ArgumentParser()
    add_settings(parser, TABLE, ['quick'])
    with pytest.raises(SystemExit) as exit_info:
        parser.parse_args(['--quick', 'perhaps'])
    assert exit_info.value.code == 2
    assert "argument --quick: got 'perhaps', expected True or False" in capsys.readouterr().err
