"""Customers whom a window must bear: names without end, no name at all, right to left, long mails, albums, endless threads."""

from random import Random

from channels.sandbox.base import Draft, PhoneFile
from channels.sandbox.life import picture
from tests.journeys.town import WAYS, Town, Visitor, Way
from tests.journeys.window import handed_over, note_many

BY = {way.kind: way for way in reversed(WAYS)}
NAMELESS = ""
LONG = "Мария-Александра Константиновна фон Белозерская-Островская-Задунайская, отдел закупок"
HEBREW, ARABIC = "יעל בן־דוד", "محمد الأحمد"
HTML = """<div style="font-family: Georgia"><h2>Order 1042</h2><p>The <b>blue</b> one arrived broken, please see
<a href="https://shop.example/1042">the order</a>.</p><table border=1><tr><td>Teapot</td><td>1</td><td>2 400 ₽</td></tr></table>
<img src="https://shop.example/pixel.png" width=1 height=1></div>
<blockquote><p>On Friday you wrote:<br>Your order is on its way.</p></blockquote>"""


async def move_in(city: Town) -> None:
    """They write; some are answered, one has a thread of hundreds of lines."""
    await _of_name(city, BY["whatsapp"], LONG, "Здравствуйте! Подскажите, пожалуйста, когда привезут заказ?")
    hebrew = await _of_name(city, BY["telegram"], HEBREW, "שלום, איפה ההזמנה שלי? Order 1042")
    await _of_name(city, BY["whatsapp"], ARABIC, "مرحبا، أين طلبي رقم ١٠٤٢؟")
    await _of_name(city, BY["telegram"], "🌸🌸 Лёля 🌸🌸", "👍👍👍")
    await _of_name(city, BY["sms"], NAMELESS, "Where is my parcel")
    mail = await _of_name(city, BY["email"], "Emma Clarke", "The blue one arrived broken.", subject="Order 1042", html=HTML)
    photos = tuple(_photo(number) for number in range(3))
    album = await _of_name(city, BY["telegram"], "Анна Кузнецова", "Вот фото", files=photos)
    await _quoted(city, hebrew, "היום עד הערב.\nOrder 1042 is on its way.")
    await _answered(city, mail, "We send a new one today.")
    await _answered(city, album, "Спасибо, передали в ремонт. " * 30)


async def _of_name(city: Town, way: Way, name: str, text: str, **more: object) -> Visitor:
    visitor = city.newcomer(way)
    visitor.customer.name = name
    await visitor.send(Draft(text=text, **more))  # type: ignore[arg-type]
    return visitor


async def _answered(city: Town, visitor: Visitor, text: str) -> None:
    number = (await visitor.conversation())["id"]
    await note_many(city.system, number, 120)
    await visitor.write("Talk to a person")
    await city.system.api.post(f"/conversations/{number}/messages", {"text": text})
    await handed_over(city.system, number)


async def _quoted(city: Town, visitor: Visitor, text: str) -> None:
    """An answer to what was said first."""
    number = (await visitor.conversation())["id"]
    first = (await city.system.api.messages(number))[0]
    await city.system.api.post(f"/conversations/{number}/messages", {"text": text, "reply_to": first["id"]})


def _photo(number: int) -> PhoneFile:
    return PhoneFile(kind="image", name=f"photo{number}.png", mime="image/png", content=picture(Random(number)))
