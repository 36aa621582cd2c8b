"""What the sandbox's customers say: the opening minute, and what they come back with later."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Say:
    """A message; with `picture` a photo is attached."""

    text: str
    picture: bool = False
    subject: str | None = None


@dataclass(frozen=True, slots=True)
class Press:
    """The button with this place in the newest message of ours (its number where there are no buttons), or else these words."""

    place: int
    words: str


Line = Say | Press


@dataclass(frozen=True, slots=True)
class Act:
    """One customer on one channel. `after`: seconds from the beginning."""

    customer: str
    channel: str
    after: float
    lines: tuple[Line, ...]


OPENING = (
    Act("anna", "telegram", 1, (Say("/start"), Press(0, "Где мой заказ?"), Say("Заказ 1042, обещали вчера"))),
    Act(
        "emma", "webchat", 4, (Say("Hi! Do you deliver to Leeds?"), Press(0, "Delivery"), Say("Can I talk to a person, please?"))
    ),
    Act("maria", "whatsapp", 8, (Say("Добрый день"), Press(1, "Возврат"), Say("Позовите, пожалуйста, человека"))),
    Act(
        "liam",
        "email",
        12,
        (Say("Hello,\n\nThe invoice for order 1057 shows the wrong company.\n\nLiam", subject="Invoice 1057"),),
    ),
    Act("dmitry", "sms", 17, (Say("Здравствуйте! До скольки вы сегодня работаете?"), Press(0, "1"))),
    Act(
        "timur",
        "webchat",
        22,
        (Say("Здравствуйте, есть ли синий в наличии?"), Say("Вот такой", picture=True), Say("Позовите оператора")),
    ),
    Act("james", "whatsapp", 27, (Say("Hello"), Press(2, "Something else"), Say("My parcel arrived damaged", picture=True))),
    Act(
        "olga",
        "email",
        33,
        (
            Say(
                "Добрый день!\n\nПришлите, пожалуйста, счёт на 20 комплектов.\n\nОльга Дмитриевна",
                subject="Счёт на 20 комплектов",
            ),
        ),
    ),
    Act("sofia", "telegram", 39, (Say("/start"), Press(1, "Returns"), Say("I want to return a jacket, it is too small"))),
    Act("igor", "telegram", 45, (Say("/start"), Say("хочу поговорить с человеком"))),
    Act("anna", "whatsapp", 52, (Say("Пишу сюда же: заказ 1042 так и не приехал"),)),
)

LATER = {
    "ru": (
        "Спасибо!",
        "Есть новости по моему вопросу?",
        "А можно забрать самому?",
        "Сколько стоит доставка в Казань?",
        "Можно оплатить картой при получении?",
        "Подскажите номер для отслеживания",
        "Хорошо, подожду",
        "Поменяйте, пожалуйста, адрес: ул. Садовая, 12, кв. 5",
        "Здравствуйте, хочу оформить возврат",
        "Позовите человека",
    ),
    "en": (
        "Thank you!",
        "Any news about my question?",
        "Can I pick it up myself?",
        "How much is delivery to Dublin?",
        "Do you take cards?",
        "What is my tracking number?",
        "OK, I will wait",
        "Please change the address: 12 Garden Street, flat 5",
        "Hello, I would like to return an item",
        "Can I talk to a person?",
    ),
}
