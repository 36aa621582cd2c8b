"""Messages fitted to channels: nothing is lost, limits are kept, and typed answers find their choice."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.base import Capabilities, Choice, ContactCard, Location, OutgoingFile, OutgoingMessage, TemplateUse
from channels.fit import fit, html_to_text, notes, split, understand

SMS = Capabilities(text_limit=1600, caption_limit=1600, media=frozenset({"image", "file"}), media_limit=1000, attachments=10)
CHAT = Capabilities(
    text_limit=100,
    caption_limit=30,
    choices=3,
    choice_title_limit=8,
    media=frozenset({"image", "audio"}),
    attachments=2,
    html=True,
)


def file(name: str = "a.png", kind: str = "image", size: int = 10) -> OutgoingFile:
    return OutgoingFile(kind=kind, name=name, mime="", size=size, url=f"https://files.example/{name}", read=lambda: b"")


def message(**fields: Any) -> OutgoingMessage:
    return OutgoingMessage(**{"id": "m1", "address": "+15005550001", **fields})


def choices(*titles: str) -> list[Choice]:
    return [Choice(id=f"c{n}", title=title) for n, title in enumerate(titles)]


def shown(parts: list[OutgoingMessage]) -> list[tuple[str, list[str], list[str]]]:
    """(text, names of the files, titles of the buttons) of every part."""
    return [(p.text, [f.name for f in p.attachments], [c.title for c in p.choices]) for p in parts]


CASES = [
    ("plain text stays", {"text": "Hello"}, SMS, [("Hello", [], [])]),
    ("nothing stays nothing", {}, SMS, [("", [], [])]),
    ("choices are numbered", {"text": "Sure?", "choices": choices("Да", "Нет")}, SMS, [("Sure?\n\n1. Да\n2. Нет", [], [])]),
    ("few choices stay buttons", {"text": "Sure?", "choices": choices("Да", "Нет")}, CHAT, [("Sure?", [], ["Да", "Нет"])]),
    (
        "a long title is cut, and listed whole",
        {"text": "Which?", "choices": choices("Saint Petersburg", "Rome")},
        CHAT,
        [("Which?\n\n1. Saint Petersburg\n2. Rome", [], ["Saint P…", "Rome"])],
    ),
    (
        "titles that would look alike become numbers",
        {"text": "When?", "choices": choices("Tomorrow at 9", "Tomorrow at 10")},
        CHAT,
        [("When?\n\n1. Tomorrow at 9\n2. Tomorrow at 10", [], ["1", "2"])],
    ),
    ("a quote stands above the answer", {"text": "Yes", "quote": "Is it\nopen?"}, CHAT, [("> Is it open?\nYes", [], [])]),
    ("a long quote is shortened", {"text": "Yes", "quote": "word " * 40}, SMS, [(f"> {('word ' * 15)}word…\nYes", [], [])]),
    (
        "a place is words and a link to a map",
        {"text": "Here", "location": Location(latitude=1.5, longitude=2.25, name="Shop")},
        SMS,
        [("Here\n\nShop\nhttps://www.openstreetmap.org/?mlat=1.5&mlon=2.25#map=17/1.5/2.25", [], [])],
    ),
    (
        "a contact is words",
        {"contacts": [ContactCard(name="Ann", phones=["+15005550001"], emails=["ann@x.example"])]},
        SMS,
        [("Ann\n+15005550001\nann@x.example", [], [])],
    ),
    (
        "too many choices are all numbered",
        {"text": "?", "choices": choices(*"abcd")},
        CHAT,
        [("?\n\n1. a\n2. b\n3. c\n4. d", [], [])],
    ),
    ("buttons are never without words", {"choices": choices("a", "b")}, CHAT, [("1. a\n2. b", [], ["a", "b"])]),
    ("a caption goes with its file", {"text": "Look", "attachments": [file()]}, CHAT, [("Look", ["a.png"], [])]),
    (
        "a long caption follows its file",
        {"text": "A caption of more than thirty characters", "attachments": [file()]},
        CHAT,
        [("", ["a.png"], []), ("A caption of more than thirty characters", [], [])],
    ),
    (
        "many files are several messages",
        {"text": "Look", "attachments": [file("1"), file("2"), file("3")]},
        CHAT,
        [("Look", ["1", "2"], []), ("", ["3"], [])],
    ),
    (
        "buttons follow an album",
        {"text": "Take?", "attachments": [file("1"), file("2")], "choices": choices("Yes")},
        CHAT,
        [("", ["1", "2"], []), ("Take?", [], ["Yes"])],
    ),
    (
        "buttons stay with one captioned file",
        {"text": "Take?", "attachments": [file("1")], "choices": choices("Yes")},
        CHAT,
        [("Take?", ["1"], ["Yes"])],
    ),
    (
        "buttons stay on the last part of a long text",
        {"text": f"{'word ' * 19}end. {'more ' * 10}".strip(), "choices": choices("Yes")},
        CHAT,
        [(f"{'word ' * 19}end.", [], []), (("more " * 10).strip(), [], ["Yes"])],
    ),
    (
        "a file too large is a link",
        {"text": "Look", "attachments": [file("big.png", size=5000), file("a.png")]},
        SMS,
        [("Look\n\nbig.png: https://files.example/big.png", ["a.png"], [])],
    ),
    ("an unknown kind is a file where files travel", {"attachments": [file("a.mp4", "video")]}, SMS, [("", ["a.mp4"], [])]),
    (
        "and a link where they do not",
        {"attachments": [file("a.mp4", "video")]},
        CHAT,
        [("a.mp4: https://files.example/a.mp4", [], [])],
    ),
    ("a voice note may travel as audio", {"attachments": [file("a.ogg", "voice")]}, CHAT, [("", ["a.ogg"], [])]),
    ("HTML is told as text", {"html": "<p>Hi <b>there</b></p>"}, SMS, [("Hi there", [], [])]),
    ("its own text is preferred", {"html": "<p>Hi <b>there</b></p>", "text": "Hi!"}, SMS, [("Hi!", [], [])]),
]


@pytest.mark.parametrize(("fields", "can", "expected"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_a_message_is_degraded_to_what_the_channel_carries(
    fields: dict[str, Any], can: Capabilities, expected: list[tuple[str, list[str], list[str]]]
) -> None:
    assert shown(fit(message(**fields), can)) == expected


def test_parts_have_ids_of_their_own_and_statuses_find_them() -> None:
    parts = fit(message(text="word " * 50, reply_to="ext", status_url="https://x.example/hooks/1?message=m1&x=%20"), CHAT)
    assert [p.id for p in parts] == ["m1", "m1.1", "m1.2"]
    assert [p.reply_to for p in parts] == ["ext", None, None]
    assert [p.status_url for p in parts] == [
        "https://x.example/hooks/1?message=m1&x=%20",
        "https://x.example/hooks/1?message=m1.1&x=+",
        "https://x.example/hooks/1?message=m1.2&x=+",
    ]


def test_a_template_is_sent_as_it_is_where_templates_exist() -> None:
    use = TemplateUse(name="hello", language="en")
    told = message(template=use, text="Hello, Ann", choices=choices("Yes"))
    assert fit(told, Capabilities(templates=True)) == [told]
    assert fit(told, SMS)[0].template is None
    assert fit(told, SMS)[0].text == "Hello, Ann\n\n1. Yes"


def test_html_keeps_what_is_added_and_survives_where_the_text_is_cut() -> None:
    short = fit(message(html="<b>Choose</b>", choices=choices("<1>", "b", "c", "d")), CHAT)
    assert [p.html for p in short] == ["<b>Choose</b><br><br>1. &lt;1&gt;<br>2. b<br>3. c<br>4. d"]
    long = fit(message(html=f"<p>{'word ' * 50}</p>"), CHAT)
    assert len(long) == 3 and all(p.html == f"<p>{p.text}</p>" for p in long)


SPLITS = [
    ("short", "Hello", 10, ["Hello"]),
    ("at a paragraph", "One two.\n\nThree four five", 15, ["One two.", "Three four five"]),
    ("at a line", "One two three\nfour five six", 20, ["One two three", "four five six"]),
    ("at a sentence", "One two. Three four five", 15, ["One two.", "Three four five"]),
    ("after the closing quote", '"One two." Three four five', 17, ['"One two."', "Three four five"]),
    ("at a word, when the sentence is far back", "One. Two three four five six", 20, ["One. Two three four", "five six"]),
    ("exactly at the limit", "12345 67890", 5, ["12345", "67890"]),
    ("never inside a short address", "See https://example.org/a/b?c=d now", 25, ["See", "https://example.org/a/b?c", "=d now"]),
    ("an address that fits stays whole", "See https://example.org/a/b now", 26, ["See", "https://example.org/a/b", "now"]),
    ("never inside a link that a text runs into", "看这里https://example.org/a/b吧", 25, ["看这里", "https://example.org/a/b吧"]),
    ("at a sentence without spaces", "一二三。四五六七八", 6, ["一二三。", "四五六七八"]),
    ("never inside a syllable in pieces", "\u1112\u1161\u11ab\u1112\u1161", 4, ["\u1112\u1161\u11ab", "\u1112\u1161"]),
    ("never inside an emoji", "👩‍👩‍👧‍👦👩‍👩‍👧‍👦", 10, ["👩‍👩‍👧‍👦", "👩‍👩‍👧‍👦"]),
    ("never inside a flag", "🇷🇺🇩🇪🇫🇷", 3, ["🇷🇺", "🇩🇪", "🇫🇷"]),
    ("never before an accent", "aaae\u0301", 4, ["aaa", "e\u0301"]),
    ("no limit", "x" * 50, 0, ["x" * 50]),
]


@pytest.mark.parametrize(("text", "limit", "expected"), [c[1:] for c in SPLITS], ids=[c[0] for c in SPLITS])
def test_a_long_text_is_cut_where_a_reader_pauses(text: str, limit: int, expected: list[str]) -> None:
    assert list(split(text, limit)) == expected


HTML = [
    ("paragraphs", "<p>One</p><p>Two</p>", "One\n\nTwo"),
    ("line breaks", "One<br>Two<br/>Three", "One\nTwo\nThree"),
    ("a list", "<ul><li>One</li><li>Two</li></ul>", "- One\n- Two"),
    ("a link with its address", '<a href="https://x.example/">our page</a>', "our page (https://x.example/)"),
    ("a link that shows its address", '<a href="https://x.example/">https://x.example</a>', "https://x.example"),
    ("a mail link", '<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
    ("entities", "a &lt; b &amp; c&nbsp;d", "a < b & c d"),
    ("nothing invisible", "<style>p{}</style><script>x</script>Hi", "Hi"),
    ("an image's words", '<img src="x" alt="Our logo">', "Our logo"),
    ("broken HTML", "<p>One<b>two</p></i><a><li>", "Onetwo\n\n-"),
]


@pytest.mark.parametrize(("html", "expected"), [c[1:] for c in HTML], ids=[c[0] for c in HTML])
def test_html_reads_as_text(html: str, expected: str) -> None:
    assert html_to_text(html) == expected


YES_NO = [Choice(id="yes", title="Да, конечно"), Choice(id="no", title="Нет"), Choice(id="later", title="Ещё не решил")]
RATING = [Choice(id=f"r{n}", title=str(n)) for n in (5, 4, 3, 2, 1)]
FACES = [Choice(id="good", title="👍"), Choice(id="bad", title="👎")]
ANSWERS = [
    ("id", "no", YES_NO, "no"),
    ("number", "2", YES_NO, "no"),
    ("number with a dot", " 2. ", YES_NO, "no"),
    ("number with a bracket", "2)", YES_NO, "no"),
    ("full-width number", "２", YES_NO, "no"),
    ("keycap number", "2️⃣", YES_NO, "no"),
    ("number sign", "№ 3", YES_NO, "later"),
    ("the copied line", "2. Нет", YES_NO, "no"),
    ("a line copied wrong", "1. Нет", YES_NO, None),
    ("a number in words", "два", YES_NO, "no"),
    ("an ordinal", "Третий!", YES_NO, "later"),
    ("a number in English words", "first", YES_NO, "yes"),
    ("a word out of range", "девять", YES_NO, None),
    ("a title before a number in words", "one", [Choice(id="a", title="Two"), Choice(id="b", title="One")], "b"),
    ("number out of range", "4", YES_NO, None),
    ("zero", "0", YES_NO, None),
    ("title in capitals", "НЕТ!", YES_NO, "no"),
    ("title without punctuation", "да конечно", YES_NO, "yes"),
    ("e for ё", "еще не решил", YES_NO, "later"),
    ("beginning of one title", "да", YES_NO, "yes"),
    ("beginning of two titles", "re", [Choice(id="a", title="Red"), Choice(id="b", title="Rebel")], None),
    ("another sentence", "Сколько стоит доставка?", YES_NO, None),
    ("nothing", "  ", YES_NO, None),
    ("a title that is a number", "5", RATING, "r5"),
    ("a title that is an emoji", "👎", FACES, "bad"),
    ("another emoji", "🙂", FACES, None),
    ("no choices", "1", [], None),
]


@pytest.mark.parametrize(("text", "given_choices", "expected"), [c[1:] for c in ANSWERS], ids=[c[0] for c in ANSWERS])
def test_a_typed_answer_finds_its_choice(text: str, given_choices: list[Choice], expected: str | None) -> None:
    found = understand(text, given_choices)
    assert (found.id if found else None) == expected


NOTES = [
    ("nothing to tell", {"text": "Hi"}, SMS, []),
    ("numbered", {"text": "?", "choices": choices("a")}, SMS, ["choices_numbered"]),
    ("shortened", {"text": "?", "choices": choices("Saint Petersburg")}, CHAT, ["choices_shortened"]),
    (
        "a link",
        {"text": "?", "choices": [Choice(id="l", title="Shop", kind="link", value="https://x.example")]},
        CHAT,
        ["links_as_text"],
    ),
    ("a link instead of a file", {"text": "?", "attachments": [file(size=5000)]}, SMS, ["media_link"]),
    ("another kind", {"attachments": [file("a.mp4", "video")]}, SMS, ["media_as_file"]),
    ("an album in two", {"attachments": [file("1"), file("2"), file("3")]}, CHAT, ["media_apart"]),
    ("a long caption", {"text": "A caption of more than thirty characters", "attachments": [file()]}, CHAT, ["caption_split"]),
    ("a long text", {"text": "word " * 30}, CHAT, ["text_split"]),
    ("formatting", {"html": "<b>Hi</b>"}, SMS, ["html_to_text"]),
    ("formatting that stays", {"html": "<b>Hi</b>", "text": "Hi"}, CHAT, []),
    ("a subject", {"text": "Hi", "subject": "Re"}, SMS, ["subject_dropped"]),
    ("a place", {"location": Location(latitude=1, longitude=2)}, SMS, ["location_text"]),
    ("a quote", {"text": "Yes", "quote": "Open?", "reply_to": "ext"}, SMS, ["quote_text"]),
    ("a quote that is carried", {"text": "Yes", "quote": "Open?", "reply_to": "ext"}, Capabilities(replies=True), []),
    ("a quote from elsewhere", {"text": "Yes", "quote": "Open?"}, Capabilities(replies=True), ["quote_text"]),
    ("a template elsewhere", {"text": "Hi", "template": TemplateUse(name="hi", language="en")}, SMS, ["template_text"]),
    ("a template", {"text": "Hi", "template": TemplateUse(name="hi", language="en")}, Capabilities(templates=True), []),
]


@pytest.mark.parametrize(("fields", "can", "expected"), [c[1:] for c in NOTES], ids=[c[0] for c in NOTES])
def test_what_is_said_otherwise_is_told(fields: dict[str, Any], can: Capabilities, expected: list[str]) -> None:
    whole = message(**fields)
    found = notes(whole, fit(whole, can), can)
    assert [note.code for note in found] == expected and all(note.text.endswith(".") for note in found)


texts = st.text(alphabet=st.sampled_from("ab \n.!?Яё\u0301👍🏽\u200d🇷🇺"), max_size=300) | st.text(max_size=300)
files = st.builds(
    file,
    name=st.text(alphabet="abc", min_size=1, max_size=5),
    kind=st.sampled_from(["image", "audio", "voice", "video", "file", "sticker"]),
    size=st.integers(0, 2000),
)
all_choices = st.lists(st.text(alphabet="abc XYZ", min_size=1, max_size=12).filter(str.strip), max_size=12).map(
    lambda t: choices(*t)
)
abilities = st.builds(
    Capabilities,
    text_limit=st.integers(1, 120),
    caption_limit=st.integers(0, 120),
    choices=st.integers(0, 10),
    choice_title_limit=st.integers(1, 20),
    media=st.frozensets(st.sampled_from(["image", "audio", "voice", "video", "file", "sticker"])),
    media_limit=st.sampled_from([0, 1000]),
    attachments=st.integers(0, 4),
    html=st.booleans(),
)
messages = st.builds(message, text=texts, attachments=st.lists(files, max_size=6), choices=all_choices)


def solid(text: str) -> str:
    return re.sub(r"\s+", "", text)


@given(messages, abilities)
def test_nothing_is_lost(whole: OutgoingMessage, can: Capabilities) -> None:
    parts = fit(whole, can)
    said = solid("".join(p.text for p in parts))
    assert solid(whole.text) in said
    carried = [f.url for p in parts for f in p.attachments]
    assert all(f.url in carried or f.url in said for f in whole.attachments)
    buttons = [c.id for p in parts for c in p.choices]
    assert buttons == [c.id for c in whole.choices] or all(solid(c.title) in said for c in whole.choices)


@given(messages, abilities)
def test_limits_are_kept(whole: OutgoingMessage, can: Capabilities) -> None:
    parts = fit(whole, can)
    assert len({p.id for p in parts}) == len(parts) and parts[0].id == whole.id
    for part in parts:
        assert len(part.text) <= (max(can.caption_limit, 0) if part.attachments else can.text_limit)
        assert len(part.attachments) <= max(can.attachments, 1)
        assert all(f.kind in can.media and (not can.media_limit or f.size <= can.media_limit) for f in part.attachments)
        assert len(part.choices) <= can.choices
        assert all(len(c.title) <= can.choice_title_limit for c in part.choices)
    assert all(not p.choices for p in parts[:-1])


@given(texts, st.integers(1, 100))
def test_a_cut_keeps_every_character(text: str, limit: int) -> None:
    parts = split(text, limit)
    assert solid("".join(parts)) == solid(text)
    assert all(len(part) <= limit for part in parts)


CHARACTERS = ["a", " ", "e\u0301", "👍🏽", "🇷🇺", "👩‍👩‍👧‍👦"]
"""What a reader sees as one character each; the longest has 7 code points."""


@given(st.lists(st.sampled_from(CHARACTERS), max_size=60).map("".join), st.integers(7, 30))
def test_a_cut_never_falls_inside_a_character(text: str, limit: int) -> None:
    whole = re.compile("(?:" + "|".join(CHARACTERS) + ")*")
    assert all(whole.fullmatch(part) for part in split(text, limit))


@given(st.text(max_size=20), all_choices)
def test_understanding_never_invents_a_choice(text: str, offered: list[Choice]) -> None:
    found = understand(text, offered)
    assert found is None or found in offered


@given(all_choices.filter(bool))
def test_numbered_choices_are_understood_by_their_numbers(offered: list[Choice]) -> None:
    assert [understand(f"{n}.", offered) for n in range(1, len(offered) + 1)] == offered
