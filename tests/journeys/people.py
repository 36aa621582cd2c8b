"""People of whom much is known: their companies, own fields of every type, what other systems told, doubles, files, segments."""

from collections.abc import Sequence

import aiohttp

from tests.journeys.system import Api, Json

FIELDS: tuple[Json, ...] = (
    {"name": "city", "title": "Город", "type": "text"},
    {"name": "visits", "title": "Visits", "type": "number"},
    {"name": "budget", "title": "Бюджет", "type": "money", "currency": "RUB"},
    {"name": "contract", "title": "Contract until", "type": "date"},
    {"name": "size", "title": "Size", "type": "choice", "choices": ["S", "M", "L"]},
    {"name": "likes", "title": "Likes", "type": "list"},
    {"name": "site", "title": "Site", "type": "link"},
    {"name": "loyal", "title": "In the loyalty programme", "type": "boolean"},
    {"name": "friend", "title": "Brought by", "type": "person"},
    {
        "name": "cars",
        "title": "Cars",
        "type": "group",
        "parts": [{"name": "make", "type": "text", "title": "Make"}, {"name": "year", "type": "number", "title": "Year"}],
    },
)
KNOWN: Json = {
    "city": "Нижний Новгород", "visits": 12, "budget": {"amount": "150000", "currency": "RUB"}, "contract": "2027-03-31",
    "size": "M", "likes": ["coffee", "чай"], "site": "https://shop.example/wishes/of/a/very/long/address", "loyal": True,
    "cars": [{"make": "Lada Vesta", "year": 2021}, {"make": "Kia", "year": 2017}],
}  # fmt: skip
EVENTS: tuple[Json, ...] = (
    {
        "kind": "purchase",
        "title": "Заказ № 1042: чайник и две чашки",
        "at": "2026-10-03T11:20:00Z",
        "link": "https://shop.example/1042",
        "data": {"sum": "2400", "currency": "RUB"},
    },
    {"kind": "delivery", "title": "Order 1042 was delivered", "at": "2026-10-05T09:00:00Z"},
    {"kind": "call", "title": "Call of 4 minutes", "at": "2026-11-02T15:12:00Z", "data": {"seconds": 240}},
)
TWINS: tuple[tuple[Json, Json], ...] = (
    (
        {
            "name": "Пётр Соколов",
            "identities": [{"kind": "phone", "address": "+79161230101"}, {"kind": "email", "address": "sokolov@mail.example"}],
            "tags": ["опт"],
            "category": "A",
            "language": "ru",
            "fields": {"city": "Казань", "visits": 3},
            "addresses": [{"label": "home", "text": "Казань, ул. Баумана, 1"}],
        },
        {
            "name": "Соколов Петр",
            "identities": [{"kind": "phone", "address": "+79161230110"}],
            "tags": ["vip"],
            "category": "B",
            "birthday": "1980-04-02",
            "fields": {"city": "Москва"},
        },
    ),
    (
        {"name": "Olga Meyer", "identities": [{"kind": "email", "address": "olga.meyer@gmail.com"}]},
        {"name": "Olga Mayer", "identities": [{"kind": "email", "address": "olgameyer@gmial.com"}], "birthday": "1991-01-09"},
    ),
    ({"name": "Юлия Щербакова", "birthday": "1975-06-30"}, {"name": "Yulia Shcherbakova", "birthday": "1975-06-30"}),
)
ODD = ("ИВАН ПЕТРОВ", "тест", "Кузнецов Сергей Иванович", "мария", "Anna 💐 Flowers", "12345", "пример примеров")
HEADINGS = "ФИО;Телефон;E-mail;Город;Компания;Бонус\n"


def _line(n: int) -> str:
    """Every seventh has no phone, every fifth no mailbox."""
    phone, mail = f"+7916555{n:04d}" if n % 7 else "нет", f"i{n}@import.example" if n % 5 else "i.import"
    return f"Импортов Иван {n};{phone};{mail};Тула;ООО «Ромашка»;{n}\n"


SEGMENT: Json = {
    "version": 1,
    "match": {
        "kind": "all",
        "of": [
            {"kind": "wrote", "days": 90},
            {"kind": "any", "of": [{"kind": "tag", "tags": ["vip", "опт"]}, {"kind": "language", "languages": ["ru"]}]},
            {"kind": "wrote", "days": 7, "not": True},
        ],
    },
}


async def settle(api: Api) -> None:
    """Who wrote last becomes somebody of whom everything is known; the others are what a base looks like after a year."""
    person = (await api.get("/conversations?status=any"))["items"][0]["contact"]["id"]
    await _described(api, person)
    await _employed(api, person)
    for one, other in TWINS:
        for card in (one, other):
            await api.post("/contacts", card)
    for name in ODD:
        await api.post("/contacts", {"name": name})
    await _brought(api)
    await api.post("/segments", {"name": "Давно не писали, но свои", "filter": SEGMENT})
    await api.post("/segments", {"name": "Guests of the exhibition", "contacts": [person]})


async def _described(api: Api, person: int) -> None:
    for field in FIELDS:
        await api.post("/fields", field)
    friend = (await api.post("/contacts", {"name": "Екатерина Вторая"}))["id"]
    card = {"birthday": "1988-03-08", "category": "A", "language": "en", "timezone": "Europe/Samara", "tags": ["vip", "оптовик"]}
    places = [
        {"label": "home", "text": "603000, Нижний Новгород, Большая Покровская, 12, кв. 4"},
        {"label": "дача", "text": "Бор"},
    ]
    await _patch(api, f"/contacts/{person}", card | {"addresses": places, "set_fields": KNOWN | {"friend": friend}})
    await api.post(f"/contacts/{person}/identities", {"kind": "email", "address": "claimed.by.them@shop.example"})
    for told in EVENTS:
        await api.post(f"/contacts/{person}/events", told)


async def _employed(api: Api, person: int) -> None:
    known = {"status": "client", "registration": "7707083893", "website": "romashka.example", "phones": ["+78312000000"]}
    flowers = await api.post("/organisations", known | {"name": "ООО «Ромашка»", "tags": ["цветы"], "note": "Платят в срок"})
    post: Json = {"organisation": flowers["id"], "title": "Закупщик", "part": "decides", "influence": "high", "since": "2024-05"}
    await api.post(f"/contacts/{person}/organisations", post)
    before: Json = {"name": "Long Trading House of the Northern Rivers and Lakes Ltd.", "title": "Intern", "current": False}
    await api.post(f"/contacts/{person}/organisations", before | {"since": "2019", "until": "2024-04"})
    for name, title in (("Лев Бухгалтер", "Главный бухгалтер"), ("", ""), ("Omar", "Driver")):
        mate = (await api.post("/contacts", {"name": name}))["id"]
        await api.post(f"/contacts/{mate}/organisations", {"organisation": flowers["id"], "title": title, "part": "pays"})


async def _brought(api: Api) -> None:
    """A file that came in with errors, and one that waits to be looked at."""
    for name in ("клиенты за октябрь 2026.csv", "waiting.csv"):
        form = aiohttp.FormData()
        form.add_field("file", (HEADINGS + "".join(map(_line, range(1, 60)))).encode(), filename=name, content_type="text/csv")
        made = await api.post("/imports", form)
        await api.post(f"/imports/{made['id']}/{'check' if name.startswith('w') else 'start'}")


async def _patch(api: Api, path: str, body: Json, expected: Sequence[int] = (200,)) -> None:
    status, answer = await api.call("PATCH", path, body)
    assert status in expected, (path, status, answer)
