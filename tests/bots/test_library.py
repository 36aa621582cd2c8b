"""The starter flows say what their dialogue tests say, and no flow comes without one in each of its languages."""

import pytest

from bots.dialogues import Dialogue, Script, differences, play, read_script
from bots.library import library, scripts, sources
from bots.load import dump, load
from bots.program import program_of

FLOWS = library()
DIALOGUES = [(script, dialogue) for script in scripts() for dialogue in script.dialogues]


@pytest.mark.parametrize(
    ("script", "dialogue"), DIALOGUES, ids=[f"{one.flow}.{one.language}: {two.about}" for one, two in DIALOGUES]
)
def test_the_flow_says_what_its_dialogue_says(script: Script, dialogue: Dialogue) -> None:
    assert differences(FLOWS[script.flow], dialogue, script.language) == []


@pytest.mark.parametrize("name", FLOWS)
def test_every_flow_has_dialogues_in_each_of_its_languages(name: str) -> None:
    assert {script.language for script in scripts() if script.flow == name} == set(FLOWS[name].languages)


@pytest.mark.parametrize("name", FLOWS)
def test_every_question_of_a_flow_is_reached_by_a_dialogue(name: str) -> None:
    """A dialogue that stops at the first question proves little."""
    turns = [
        each for script, dialogue in DIALOGUES if script.flow == name for each in play(FLOWS[name], dialogue, script.language)
    ]
    assert {turn.session.where for _, _, turn in turns if turn.session.where} == set(program_of(FLOWS[name]).asks)


@pytest.mark.parametrize("name", FLOWS)
def test_a_flow_says_the_same_after_it_was_written_out_and_read_again(name: str) -> None:
    assert load(dump(FLOWS[name])).model_dump() == FLOWS[name].model_dump()


def test_flows_are_found_by_the_name_of_their_file() -> None:
    assert set(sources()) == set(FLOWS) >= {"welcome", "order_status", "night"}


def test_a_dialogue_that_expects_something_else_fails() -> None:
    talk = "[{says: [Good morning], choices: [A], does: [finish]}]"
    script = read_script(f"flow: welcome\nlanguage: en\ndialogues:\n  - about: wrong\n    talk: {talk}")
    found = differences(FLOWS["welcome"], script.dialogues[0], "en")
    assert [each.split(":")[1].split()[0] for each in found] == ["says", "does", "choices"]
