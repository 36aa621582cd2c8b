"""What is wrong with names, phones, mails and cities as people type them, and how somebody may be greeted."""

import pytest

from inbox.quality import mails, names, phones, places
from inbox.quality.findings import KINDS, Fault
from inbox.quality.greeting import greeting
from inbox.quality.words import known

RIGHT = [
    "Анна", "Анна Иванова", "Анна Сергеевна", "Иванова Анна Сергеевна", "Анна Сергеевна Иванова", "Александр Роман", "Ольга И.",
    "Anna", "Ivan Ivanov", "John Smith", "Ludwig van Beethoven", "Conor O'Neill", "Jean-Pierre", "Анна-Мария Римская-Корсакова",
    "Рустам Мамедов", "Айгуль", "Ли Мин Хо", "Ян", "А. Б. Иванов", "J. R. R. Tolkien", "Маша (сестра Пети)", "李小龙", "محمد",
    "Мэри МакГрегор", "Тестова Ирина Олеговна", "Yulia", "Nikita Petrov", "Вера", "Гюнтер фон Штайн", "McDonald Ronald", "",
    "Кристиан Нулль", "Anna Test-Meier", "Мехмет Кемаль оглы", "Ева Браун", "Анна, Пётр",
]  # fmt: skip
WRONG = [
    ("Иванова Анна", "name_swapped", "Анна Иванова"),
    ("Ivanov Ivan", "name_swapped", "Ivan Ivanov"),
    ("Smith, John", "name_swapped", "John Smith"),
    ("Шевченко Тарас", "name_swapped", "Тарас Шевченко"),
    ("Сергеевна Анна", "name_swapped", "Анна Сергеевна"),
    ("ИВАНОВА АННА", "name_swapped", "Анна Иванова"),
    ("АННА", "name_case", "Анна"),
    ("анна", "name_case", "Анна"),
    ("анна иванова", "name_case", "Анна Иванова"),
    ("АННА ИВАНОВА", "name_case", "Анна Иванова"),
    ("Анна ИВАНОВА", "name_case", "Анна Иванова"),
    ("JOHN SMITH", "name_case", "John Smith"),
    ("ludwig van beethoven", "name_case", "Ludwig van Beethoven"),
    ("анна-мария о'нил", "name_case", "Анна-Мария О'Нил"),
    ("РИМСКИЙ-КОРСАКОВ НИКОЛАЙ АНДРЕЕВИЧ", "name_case", "Римский-Корсаков Николай Андреевич"),
    ("✨Anna✨", "name_signs", "Anna"),
    ("🌸 Анна 🌸", "name_signs", "Анна"),
    ("Анна | Маникюр", "name_signs", "Анна"),
    ("Анна • ресницы • Казань", "name_signs", "Анна"),
    ("Анна - мастер бровей", "name_signs", "Анна"),
    ("Анна | Салон красоты", "name_signs", "Анна"),
    ("𝓐𝓷𝓷𝓪", "name_signs", "Anna"),
    ("Ａｎｎａ Smith", "name_signs", "Anna Smith"),
    ("Анна1990", "name_signs", "Анна"),
    ("  Анна   Иванова ", "name_signs", "Анна Иванова"),
    ("✨АННА✨", "name_signs", "Анна"),
    ("Аnna", "name_alphabets", "Anna"),
    ("Oльга", "name_alphabets", "Ольга"),
    ("Пeтр Иванoв", "name_alphabets", "Петр Иванов"),
    ("тест", "name_placeholder", ""),
    ("Test", "name_placeholder", ""),
    ("test 2", "name_placeholder", ""),
    ("123", "name_placeholder", ""),
    ("asdf", "name_placeholder", ""),
    ("йцукен", "name_placeholder", ""),
    ("ааааа", "name_placeholder", ""),
    ("No name", "name_placeholder", ""),
    ("Без имени", "name_placeholder", ""),
    ("Новый клиент", "name_placeholder", ""),
    ("-", "name_placeholder", ""),
    ("🌸🌸", "name_placeholder", ""),
    ("✨test✨", "name_placeholder", ""),
    ("+7 916 123-45-67", "name_address", ""),
    ("89161234567", "name_address", ""),
    ("anna@mail.ru", "name_address", ""),
    ("@anna_k", "name_address", ""),
    ("https://t.me/anna", "name_address", ""),
    ("ООО Ромашка", "name_company", None),
    ("ООО «Ромашка»", "name_company", None),
    ("ИП Иванова Анна", "name_company", None),
    ("Acme Ltd.", "name_company", None),
    ("Салон Вера", "name_company", None),
    ("weather_bot", "name_company", None),
]


@pytest.mark.parametrize("name", RIGHT)
def test_a_name_that_is_right_is_left_alone(name: str) -> None:
    assert names.check(name) is None


@pytest.mark.parametrize(("name", "kind", "after"), WRONG)
def test_what_is_wrong_with_a_name(name: str, kind: str, after: str | None) -> None:
    assert names.check(name) == Fault(kind=kind, after=after)
    if after:
        assert names.check(after) is None


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Анна", "Анна"), ("анна", "Анна"), ("АННА ИВАНОВА", "Анна"), ("Иванова Анна", "Анна"), ("✨Anna✨", "Anna"),
        ("Анна | Маникюр", "Анна"), ("Анна Сергеевна", "Анна Сергеевна"), ("Иванова Анна Сергеевна", "Анна Сергеевна"),
        ("Анна Сергеевна Иванова", "Анна Сергеевна"), ("Сергеевна Анна", "Анна Сергеевна"), ("Пётр Ильич", "Пётр Ильич"),
        ("Саша Петров", "Саша"), ("Саша Викторович", "Саша Викторович"), ("Саша Викторовна", "Саша Викторовна"),
        ("Анна Сергеевич", "Анна"), ("Ivanov Ivan", "Ivan"), ("Anna Sergeevna", "Anna"), ("Yulia Petrova", "Yulia"),
        ("John Smith", "John"), ("Smith, John", "John"), ("Dr. John Smith", "John"), ("Jean-Pierre Martin", "Jean-Pierre"),
        ("Анна-Мария", "Анна-Мария"), ("Роман", "Роман"), ("Вера Павловна", "Вера Павловна"), ("Любовь", "Любовь"),
        ("Айгуль Каримова", "Айгуль"), ("Рустам", "Рустам"), ("Шевченко Тарас", "Тарас"), ("Ким Юлия", "Юлия"),
        ("Аnna", "Anna"), ("Liam O'Connor", "Liam"), ("Мамедов Эльчин", "Эльчин"), ("Анна1990", "Анна"),
        # Not sure: nothing.
        ("", ""), ("123", ""), ("тест", ""), ("ООО Ромашка", ""), ("ИП Иванова Анна", ""), ("Иванова", ""), ("Smith", ""),
        ("Сергеевна", ""), ("Ким", ""), ("Мама", ""), ("Тётя Маша", ""), ("Анна и Пётр", ""), ("Anna & Peter", ""), ("@anna_k",
        ""),
        ("89161234567", ""), ("anna@mail.ru", ""), ("Кафе Вера", ""), ("No name", ""), ("Ромашка", ""), ("А. Иванова", ""),
        ("weather_bot", ""), ("Катю", ""), ("Солнышко", ""), ("Dream Big", ""), ("李小龙", ""), ("Администратор Анна", ""),
        ("Новый клиент", ""), ("🌸", ""), ("Любимый муж", ""), ("Доставка воды", ""),
    ],
)  # fmt: skip
def test_a_greeting_that_is_safe_to_print(name: str, said: str) -> None:
    assert greeting(name) == said


@pytest.mark.parametrize(
    ("number", "fault"),
    [
        ("+79161234567", None), ("+4930901820", None), ("+442079460000", None), ("8 916 123-45-67", None), ("+12125550123", None),
        ("+70000000000", Fault(kind="phone_placeholder", after="")), ("0000000", Fault(kind="phone_placeholder", after="")),
        ("+79999999999", Fault(kind="phone_placeholder", after="")), ("+71234567890", Fault(kind="phone_placeholder", after="")),
        ("1234567", Fault(kind="phone_placeholder", after="")), ("+7916", Fault(kind="phone_impossible", after="")),
        ("12", Fault(kind="phone_impossible", after="")), ("+7916123456789123", Fault(kind="phone_impossible", after="")),
        ("+71112223344", Fault(kind="phone_impossible", after=None)), ("+", Fault(kind="phone_impossible", after="")),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_phone(number: str, fault: Fault | None) -> None:
    assert phones.check(number) == fault


@pytest.mark.parametrize(
    ("address", "kind", "after"),
    [
        ("anna@gmial.com", "mail_typo", "anna@gmail.com"), ("anna@gmai.com", "mail_typo", "anna@gmail.com"),
        ("anna@gmail.con", "mail_typo", "anna@gmail.com"), ("anna@gmail.ru", "mail_typo", "anna@gmail.com"),
        ("anna@maul.ru", "mail_typo", "anna@mail.ru"), ("anna@mail.ri", "mail_typo", "anna@mail.ru"),
        ("anna@mailru", "mail_typo", "anna@mail.ru"), ("anna@mail,ru", "mail_typo", "anna@mail.ru"),
        ("anna@yandx.ru", "mail_typo", "anna@yandex.ru"), ("anna@yndex.ru", "mail_typo", "anna@yandex.ru"),
        ("anna@hotmial.com", "mail_typo", "anna@hotmail.com"), ("anna@outlok.com", "mail_typo", "anna@outlook.com"),
        ("anna@rambler.ry", "mail_typo", "anna@rambler.ru"), ("anna@iclod.com", "mail_typo", "anna@icloud.com"),
        ("info@romashka.ru", "mail_role", None), ("no-reply@shop.example", "mail_role", None),
        ("test@test.ru", "mail_placeholder", ""), ("test@mail.ru", "mail_placeholder", ""), ("asdf@asdf.ru",
        "mail_placeholder", ""),
        ("anna.mail.ru", "mail_wrong", None), ("anna@", "mail_wrong", None), ("anna ivanova@mail.ru", "mail_wrong", None),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_mail_address(address: str, kind: str, after: str | None) -> None:
    assert mails.check(address) == Fault(kind=kind, after=after)


@pytest.mark.parametrize(
    "address",
    [
        "anna@gmail.com", "anna@mail.ru", "anna@email.ru", "anna@ya.ru", "anna@bk.ru", "anna@company.de", "anna@mail.com",
        "anna@ymail.com",
        "anna@romashka.ru", "a.b+c@sub.domain.co.uk", "анна@почта.рф", "anna@nail.art", "test@romashka-nn.ru", "anna@gmx.net",
    ],
)  # fmt: skip
def test_a_mail_address_that_may_well_be_right_is_left_alone(address: str) -> None:
    assert mails.check(address) is None


@pytest.mark.parametrize(
    ("city", "after"),
    [
        ("г. Москва", "Москва"), ("г.Москва", "Москва"), ("город Казань", "Казань"), ("Москва г", "Москва"), ("МОСКВА", "Москва"),
        ("москва", "Москва"), ("СПб", "Санкт-Петербург"), ("спб.", "Санкт-Петербург"), ("г. Санкт-Петербург", "Санкт-Петербург"),
        ("Санкт Петербург", "Санкт-Петербург"), ("Питер", "Санкт-Петербург"), ("ростов-на-дону", "Ростов-на-Дону"),
        ("Ростов на Дону", "Ростов-на-Дону"), ("нижний новгород", "Нижний Новгород"), ("Екб", "Екатеринбург"), ("BERLIN",
        "Berlin"),
        ("frankfurt am main", "Frankfurt am Main"), ("new york", "New York"), ("NYC", "New York"), (" Казань ", "Казань"),
        ("123", ""), ("тест", ""), ("-", ""),
    ],
)  # fmt: skip
def test_how_a_city_should_be_spelt(city: str, after: str) -> None:
    assert places.check(city) == Fault(kind="city_spelling" if after else "city_placeholder", after=after)
    assert places.check(after) is None


@pytest.mark.parametrize(
    "city",
    ["Москва", "Ростов", "Ростов-на-Дону", "Санкт-Петербург", "Гусь-Хрустальный", "New York", "Уфа", "Os", "LA", "Bonn", ""],
)
def test_a_city_that_is_right_is_left_alone(city: str) -> None:
    assert places.check(city) is None


def test_every_kind_is_one_of_the_list() -> None:
    assert {kind for _, kind, _ in WRONG} | {"phone_impossible", "phone_placeholder", "mail_wrong"} <= set(KINDS)


def test_unknown_words_are_nothing() -> None:
    assert not known("Zzyzx").given and not known("").given and not known("😀").given
