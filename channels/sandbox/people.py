"""The customers of the sandbox: invented people, with numbers and addresses that belong to nobody they could reach."""

from channels.sandbox.base import Customer

_PEOPLE = (
    ("anna", "Анна Кузнецова", "ru", {"telegram": "710001", "whatsapp": "79000000101"}),
    ("igor", "Игорь Соколов", "ru", {"telegram": "710002", "email": "igor.sokolov@example.org"}),
    ("maria", "Мария Петрова", "ru", {"whatsapp": "79000000103", "sms": "+79000000103"}),
    ("timur", "Тимур Галиев", "ru", {"webchat": "", "email": "timur@example.net"}),
    ("olga", "Ольга Дмитриевна Белозерская-Островская", "ru", {"email": "olga.belozerskaya@example.org"}),
    ("dmitry", "Дмитрий", "ru", {"sms": "+79000000106"}),
    ("emma", "Emma Clarke", "en", {"webchat": "", "sms": "+447700900107"}),
    ("james", "James Okafor", "en", {"whatsapp": "447700900108", "email": "james.okafor@example.com"}),
    ("sofia", "Sofia Rossi", "en", {"telegram": "710009", "webchat": ""}),
    ("liam", "Liam Murphy", "en", {"email": "liam@example.com", "sms": "+447700900110"}),
)


def people() -> list[Customer]:
    """Ten customers with empty phones. A web chat's address is empty until the visitor's first session gives one."""
    return [Customer(id=i, name=name, language=language, addresses=dict(at)) for i, name, language, at in _PEOPLE]
