"""Texts are rendered in a sandbox: the error names variable and line, and nothing escapes, grows or hangs."""

import timeit
from contextlib import suppress
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bots.render import MAX_OUTPUT, RenderError, compile_text, render

NOW = datetime(2026, 11, 22, 9, 5)


@pytest.mark.parametrize(
    ("template", "variables", "expected"),
    [
        ("Hi {{ name }}", {"name": "<Анна>"}, "Hi <Анна>"),
        ("{{ 1 }} and {{2}}", {"1": "a", "2": "b"}, "a and b"),
        ("{{ contact.city }}", {"contact": {"city": "Riga"}}, "Riga"),
        ("{{ contact.items }}", {"contact": {"items": 3}}, "3"),
        ("{{ name | default('friend') }}", {}, "friend"),
        ("{{ name | default('friend') }}", {"name": ""}, "friend"),
        ("{% if vip %}A{% else %}B{% endif %}", {"vip": False}, "B"),
        (
            "{% for each in items %}{{ loop.index }}{{ each }}{% if not loop.last %}, {% endif %}{% endfor %}",
            {"items": ["a", "b"]},
            "1a, 2b",
        ),
        ("{{ items | join(', ') }}", {"items": ["a", None, 5]}, "a, , 5"),
        ("{{ n }} {{ n | plural('заказ', 'заказа', 'заказов') }}", {"n": 21}, "21 заказ"),
        ("{{ n }} {{ n | plural('заказ', 'заказа', 'заказов') }}", {"n": 12}, "12 заказов"),
        ("{{ n }} {{ n | plural('order', 'orders') }}", {"n": 2}, "2 orders"),
        ("{{ now | date }} {{ now | time }}", {"now": NOW}, "22.11.2026 09:05"),
        ("{{ price * 2 + 1 }}", {"price": 2.5}, "6.0"),
        ("no variables\n", {}, "no variables"),
    ],
)
def test_a_text_is_rendered(template: str, variables: dict[str, Any], expected: str) -> None:
    assert render(template, variables) == expected


def test_missing_variables_read_the_default_where_one_is_given() -> None:
    assert render("{{ a }}, {{ b }}", {"a": None}, default="—") == "—, —"


@pytest.mark.parametrize(
    ("template", "variable", "line"),
    [
        ("Hi {{ name }}", "name", 1),
        ("a\nb\n{{ city }}", "city", 3),
        ("a\n{{ contact.city }}", "city", 2),
        ("{% if x %}\n{{ y }}\n{% endif %}", "y", 2),
        ("\n{{ 1 }}", "1", 2),
    ],
)
def test_the_error_names_the_variable_and_the_line(template: str, variable: str, line: int) -> None:
    with pytest.raises(RenderError, match=f"line {line}: the variable '{variable}' has no value") as caught:
        render(template, {"contact": {}, "x": True, "name": None})
    assert (caught.value.variable, caught.value.line) == (variable, line)


@pytest.mark.parametrize(
    "template",
    [
        "{{ 'a' * 1000000000 }}",
        "{{ '%999999999d' % 1 }}",
        "{{ 10 ** 10 ** 10 }}",
        "{% for i in range(1000000000) %}x{% endfor %}",
        "{% for i in range(99) %}{% for j in range(99) %}{{ long }}{% endfor %}{% endfor %}",
        "{% for i in range(9) %}{% for j in range(9) %}{% for k in range(9) %}x{% endfor %}{% endfor %}{% endfor %}",
        "{% set a = 'aa' %}",
        "{% macro a() %}{{ a() }}{% endmacro %}",
        "{% include 'x' %}",
        "{% import 'os' as x %}",
        "{{ name.__class__ }}",
        "{{ name['__class__'] }}",
        "{{ name.format(1) }}",
        "{{ name | attr('__class__') }}",
        "{{ name | center(1000000000) }}",
        "{{ range.__globals__ }}",
        "{{ self }}",
        "{{ cycler }}",
        "{{ name | date }}",
        "{{ range }}",
        "{{ " + "(" * 300 + "1" + ")" * 300 + " }}",
        "{{ " + "9" * 6000 + " }}",
        "{{ 1 / 0 }}",
        "{{ name | nofilter }}",
        "{{ name",
        "{% if %}",
        "x" * 20_001,
    ],
)
def test_what_could_escape_grow_or_hang_is_refused(template: str) -> None:
    with pytest.raises(RenderError):
        render(template, {"name": "Anna", "long": "x" * 100})


def test_a_text_has_an_end() -> None:
    with pytest.raises(RenderError, match=str(MAX_OUTPUT)):
        render("{% for each in items %}{{ each }}{% endfor %}", {"items": ["x" * 1000] * 100})


@given(st.text(alphabet=st.sampled_from("{}%#ab .|()'\"*+-[]_1\n"), max_size=60))
def test_whatever_is_typed_is_rendered_or_explained(template: str) -> None:
    with suppress(RenderError):
        assert isinstance(render(template, {"a": "x", "b": [1]}), str)


def test_a_text_is_compiled_once() -> None:
    assert compile_text("Hi {{ name }}") is compile_text("Hi {{ name }}")
    variables = {f"v{index}": index for index in range(10)}
    template = " ".join(f"{{{{ {name} }}}}" for name in variables)
    assert min(timeit.repeat(lambda: render(template, variables), number=200, repeat=5)) / 200 < 300e-6
