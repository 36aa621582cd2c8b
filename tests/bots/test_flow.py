"""What is wrong with a flow is told with its step, its field, its line, and in words that a marketer understands."""

import pytest

from bots.load import load, parse
from bots.problems import FlowError
from bots.program import revision

HEAD = "version: 1\nname: test\nsteps:\n"


def problems(text: str) -> list[str]:
    """All that `load` says is wrong."""
    try:
        load(text)
    except FlowError as error:
        return [str(problem) for problem in error.problems]
    return []


MISTAKES = [
    (
        "an unknown goto",
        "  - say: Hi\n  - goto: menue\n  - say: x\n    label: menu",
        "line 5, step 2, goto: there is no step called 'menue'; did you mean 'menu'?",
    ),
    (
        "an unreachable step",
        "  - end\n  - say: Never",
        "line 5, step 2: nothing leads here: no step before it goes on to it and no goto names it",
    ),
    (
        "an unknown variable",
        "  - ask: Name?\n    save_as: name\n  - say: Hi {{ nane }}",
        "line 6, step 2, say: nothing is saved as 'nane'; did you mean 'name'?",
    ),
    (
        "a variable in a fork",
        "  - fork: city\n    cases: [{eq: a, goto: end}]",
        "line 4, step 1, fork: nothing is saved as 'city'",
    ),
    (
        "choice without choices",
        "  - ask: Which?\n    expect: choice",
        "line 4, step 1, choices: the question expects a choice, but there are no choices",
    ),
    (
        "an unknown field",
        "  - say: Hi\n    chioces: []",
        "line 5, step 1, chioces: there is no 'chioces' here; did you mean 'choices'?",
    ),
    (
        "an unknown field of a choice",
        "  - ask: Hi\n    choices: [{id: a, titel: A, title: B}]",
        "line 5, step 1, choices 1 titel: there is no 'titel' here; did you mean 'title'?",
    ),
    (
        "a step that is none",
        "  - shout: Hi",
        "line 4, step 1: a step begins with one of say, ask, fork, set, hand_over, goto, end",
    ),
    ("a missing field", "  - ask: Hi\n    choices: [{id: a}]", "line 5, step 1, choices 1 title: is missing"),
    (
        "a wrong expectation",
        "  - ask: Hi\n    expect: colour",
        "line 5, step 1, expect: must be one of 'text', 'number', 'email', 'phone', 'date', 'choice' or 'any'",
    ),
    (
        "a broken template",
        "  - say: 'Hi {{ name'",
        "line 4, step 1, say: line 1: unexpected end of template, expected 'end of print statement'.",
    ),
    (
        "a call in a template",
        "  - say: '{{ channel.upper() }}'",
        "line 4, step 1, say: line 1: functions cannot be called here; use a filter, like {{ name | upper }}",
    ),
    (
        "a label twice",
        "  - say: a\n    label: x\n  - say: b\n    label: x",
        "line 7, step 2 (x), label: step 1 is called 'x' already",
    ),
    (
        "a reserved label",
        "  - say: a\n    label: end",
        "line 5, step 1 (end), label: 'end' is a word of the language; choose another label",
    ),
    (
        "a built-in variable",
        "  - ask: a\n    save_as: contact",
        "line 5, step 1, save_as: 'contact' is there already and cannot be changed; choose another name",
    ),
    (
        "what is only read of the card",
        "  - ask: a\n    save_as: contact.number",
        "line 5, step 1, save_as: 'contact.number' is there already and cannot be changed; choose another name",
    ),
    (
        "choices with one id",
        "  - ask: a\n    choices: [{id: x, title: A}, {id: x, title: B}]",
        "line 5, step 1, choices: 2 choices have the id 'x'; each needs its own",
    ),
    (
        "an id that is too long for a button",
        f"  - ask: a\n    choices: [{{id: {'x' * 33}, title: A}}]",
        "line 5, step 1, choices 1 id: an id has Latin letters, digits, - and _, at most 32",
    ),
    (
        "a case without a condition",
        "  - fork: channel\n    cases: [{goto: end}]",
        "line 5, step 1, cases 1: has no condition: say eq, in, matches, gt … or use else",
    ),
    (
        "an attachment that is no address",
        "  - say: a\n    attachments: [cat.jpg]",
        "line 5, step 1, attachments 1: an address begins with https://",
    ),
    (
        "a colon in braces",
        "  - say: {en: Note: this}",
        "line 4: a text with a colon in it needs quotes around it",
    ),
    ("a colon", "  - say: Note: this", "line 4: a text with a colon in it needs quotes around it"),
    ("a text that begins with a variable", "  - say: {{ name }}!", "line 4: a text that begins with {{ needs quotes around it"),
    ("a key twice", "  - say: a\n    say: b", "line 5: 'say' is written twice"),
    ("a language left out", "  - say: {ru: Привет}", "line 4, step 1, say: no text for en"),
    (
        "a list in a set",
        "  - set: {city: [a]}",
        "line 4, step 1, set city: a text was expected; numbers and words like true need quotes",
    ),
    ("no text", "  - say:", "line 4, step 1, say: a text was expected; numbers and words like true need quotes"),
    ("tries of nought", "  - ask: a\n    tries: 0", "line 5, step 1, tries: input should be greater than or equal to 1"),
]


@pytest.mark.parametrize(("steps", "expected"), [each[1:] for each in MISTAKES], ids=[each[0] for each in MISTAKES])
def test_a_mistake_is_told_with_its_place(steps: str, expected: str) -> None:
    assert expected in problems(HEAD + steps)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "line 1: there is nothing in it"),
        ("- say: x", "line 1: a flow begins with version, name and steps"),
        ("name: a\nsteps: [end]", "line 1, version: is missing"),
        (
            "version: 2\nname: a\nsteps: [end]",
            "line 1, version: this flow is written in version 2 of the language; this program knows 1",
        ),
        ("version: 0\nname: a\nsteps: [end]", "line 1, version: there is no version 0 of the language; write version: 1"),
        ("version: one\nname: a\nsteps: [end]", "line 1, version: write version: 1"),
        ("version: 1\nname: Мой бот\nsteps: [end]", "line 2, name: a name has small Latin letters, digits, - and _"),
        (
            "version: 1\nname: a\nlanguages: [Russian]\nsteps: [end]",
            "line 3, languages 1: a language is written like ru, en or pt-BR",
        ),
        ("version: 1\nname: a\nsteps: []", "line 3, steps: is empty"),
        ("version: 1\nname: a\nstepz: []\nsteps: [end]", "line 3, stepz: there is no 'stepz' here; did you mean 'steps'?"),
        (
            "version: 1\nname: a\ntrigger: {keyword: [a]}\nsteps: [end]",
            "line 3, trigger keyword: there is no 'keyword' here; did you mean 'keywords'?",
        ),
    ],
)
def test_a_mistake_of_the_whole_is_told(text: str, expected: str) -> None:
    assert expected in problems(text)


def test_all_mistakes_are_told_at_once() -> None:
    assert len(problems(HEAD + "  - goto: a\n  - say: '{{ b }}'\n    label: x\n  - ask: c\n    expect: choice")) == 4


@pytest.mark.parametrize(
    "document", [None, 5, [], "text", {"version": 1, "steps": 5}, {"version": True}, {"steps": [None, [], {"say": {}}]}]
)
def test_whatever_comes_as_json_is_explained(document: object) -> None:
    with pytest.raises(FlowError) as caught:
        parse(document)
    assert caught.value.problems


def test_words_that_yaml_takes_for_truth_and_times_stay_words() -> None:
    flow = load(HEAD + "  - ask: ok\n    choices: [{id: yes, title: No}, {id: on, title: 9:30}, {id: 2, title: 5}]")
    assert [(each.id, each.title) for each in flow.steps[0].choices] == [("yes", "No"), ("on", "9:30"), ("2", "5")]  # type: ignore[union-attr]


def test_a_question_mark_needs_no_quotes() -> None:
    flow = load(HEAD + "  - ask: {en: How are you? Well?}\n    choices: [{id: a, title: Why?}]")
    assert flow.steps[0].ask == {"en": "How are you? Well?"}  # type: ignore[union-attr]


def test_the_revision_follows_the_content_and_not_the_layout() -> None:
    once, again, other = load(HEAD + "  - say: Hi"), load(HEAD + "  -   {say: Hi}  # a comment"), load(HEAD + "  - say: Hello")
    assert revision(once) == revision(again) != revision(other)
