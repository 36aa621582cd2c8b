"""The page for writers names every word of the language, and its example works."""

import re
from pathlib import Path

import pytest

from bots import flow as language
from bots.load import load

PAGE = (Path(__file__).parents[2] / "bots" / "README.md").read_text(encoding="utf-8")
PARTS = [language.Flow, language.Trigger, language.Choice, language.Case, language.SayStep, language.AskStep, language.ForkStep]
PARTS += [language.SetStep, language.HandOverStep, language.GotoStep, language.EndStep]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.__name__)
def test_every_field_is_documented(part: type[language.Part]) -> None:
    fields = {field.alias or name for name, field in part.model_fields.items()}
    assert fields <= set(re.findall(r"`(\w+)`", PAGE))


def test_every_variable_is_documented() -> None:
    assert {name for name in language.BUILT_IN if f"`{name}`" not in PAGE and f"{name}." not in PAGE} == set()


def test_the_example_is_a_flow() -> None:
    examples = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert [load(each).name for each in examples] == ["welcome"]


def test_an_editor_can_be_built_from_the_schema() -> None:
    schema = language.Flow.model_json_schema()
    assert {"say", "ask", "fork", "set", "hand_over"} <= {
        name for part in schema["$defs"].values() for name in part.get("properties", {})
    }
