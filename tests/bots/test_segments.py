"""A fork asks in which saved segments somebody is: told by the facts, named in the flow."""

import pytest

from bots.dialogues import differences, read_script
from bots.flow import segments_of
from bots.load import load
from bots.problems import FlowError

FLOW = """
version: 1
name: door
languages: [en]
steps:
  - fork: segments
    cases:
      - {has: VIP, goto: red}
      - {in: [Debtors, Late payers], goto: desk}
  - say: Welcome.
    goto: end
  - say: This way, please.
    label: red
    goto: end
  - hand_over: accounts
    label: desk
"""

SCRIPT = """
flow: door
language: en
dialogues:
  - {about: Nobody in particular, talk: [{says: [Welcome.], does: [finish]}]}
  - {about: In another segment, contact: {segments: [Tula]}, talk: [{says: [Welcome.], does: [finish]}]}
  - {about: A VIP, contact: {segments: [VIP, Debtors]}, talk: [{says: ["This way, please."], does: [finish]}]}
  - {about: Somebody who owes, contact: {segments: [Late payers]}, talk: [{does: [hand over accounts]}]}
"""


@pytest.mark.parametrize("dialogue", read_script(SCRIPT).dialogues, ids=lambda each: each.about)
def test_the_flow_goes_where_the_segments_lead(dialogue: object) -> None:
    assert differences(load(FLOW), dialogue, "en") == []  # type: ignore[arg-type]


def test_the_segments_of_a_flow_are_known_without_running_it() -> None:
    assert segments_of(load(FLOW)) == {"VIP": 0, "Debtors": 0, "Late payers": 0}


@pytest.mark.parametrize(
    ("steps", "expected"),
    [
        ("  - fork: segments\n    cases: [{exists: true, goto: end}]", "segments are asked for by name: say has or in"),
        ("  - fork: segments\n    cases: [{has: VIP, ne: x, goto: end}]", "segments are asked for by name: say has or in"),
        ("  - say: '{{ segments }}'", "nothing is saved as 'segments'"),
        ("  - ask: How?\n    save_as: segments", "'segments' is there already"),
    ],
)
def test_what_cannot_be_asked_is_said(steps: str, expected: str) -> None:
    with pytest.raises(FlowError) as caught:
        load(f"version: 1\nname: door\nlanguages: [en]\nsteps:\n{steps}\n")
    assert expected in str(caught.value.problems[0])
