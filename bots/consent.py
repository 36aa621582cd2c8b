"""Whether a message as a whole asks to stop all messages, or to have them again.

Call it before anything else, also before a bot's question gets its answer, and only with typed text: a pressed button is never a
stop word. "start" only undoes a stop; a person who never stopped may say START to a bot and mean something else.
The words are those of the carriers and of Twilio, AWS, Telnyx, Braze (their opt-out pages), and what people write in Russian and
other languages. Never inside a sentence: "stop by at five", "please cancel my order". `/start` is Telegram's greeting: None.
"""

import re
import unicodedata
from typing import Literal

Consent = Literal["stop", "start"]

_LONGEST = 60
_NOT_WORD = re.compile(r"[\W_]+")

_STOP = """
stop; stopall; stop all; unsubscribe; unsubscribe me; unsubscribe all; end; quit; revoke; optout; opt out; opt me out; i opt out;
cancel; remove; remove me; td; stop2quit; stop messages; stop sms; no more messages
стоп; стоп все; стопвсе; отписаться; отписка; отписать; отпиши; отпиши меня; отпишите; отпишите меня; отписаться от рассылки;
отписаться от рассылок; отпишите меня от рассылки; отпишите от рассылки; хочу отписаться; не пишите; не пишите мне;
не пишите мне больше; больше не пишите; больше не пишите мне; больше мне не пишите; не пиши; не пиши мне; не присылайте;
не присылайте мне; больше не присылайте; не присылайте больше; не присылайте сообщения; не беспокоить; не беспокойте;
не беспокойте меня; не звоните и не пишите; прекратите; прекратите рассылку; прекратить рассылку; остановить рассылку;
остановите рассылку; отключить рассылку; отключите рассылку; отменить подписку; отмена подписки; отказ от рассылки;
отказаться от рассылки; хватит писать; хватит мне писать; хватит рассылок; без рассылки; уберите меня из рассылки;
удалите меня из рассылки; удалите мой номер; исключите меня из рассылки
відписатися; відписатись; не пишіть; не пишіть мені; жазылымнан шығу
stopp; abmelden; abbestellen; arret; arrett; arrete; arreter; desabonner; desinscription; desinscrire; baja; darme de baja;
dar de baja; detener; detener promociones; cancelar suscripcion; sair; parar; descadastrar; cancelar inscricao; disiscrivimi;
annulla iscrizione; wypisz; rezygnuje; stop reklam; iptal
"""
_START = """
start; unstop; subscribe; resubscribe; optin; opt in; opt me in; resume; start all
старт; подписаться; подписка; подпишите; подпишите меня; подписать; возобновить; возобновить рассылку; включить рассылку;
включите рассылку; пишите; можно писать; підписатися; підписатись; alta
"""


def consent(text: str) -> Consent | None:
    """ "stop", "start" or, for every ordinary message, None. Case, punctuation, emoji, accents and ё do not matter."""
    if len(text) > _LONGEST * 2 or text.lstrip().casefold().startswith("/start"):
        return None
    words = _plain(text)
    return _MEANING.get(words) if len(words) <= _LONGEST else None


def _plain(text: str) -> str:
    """Letters and digits of the text, lower case, single spaces; accents fall, but й stays й."""
    letters = unicodedata.normalize("NFKC", text).casefold().replace("ё", "е")
    return _NOT_WORD.sub(" ", letters.translate(_ACCENTS)).strip()


_ACCENTS = {ord(accented): plain for accented, plain in zip("éèêàâôîûçñáíóúãõäöüę", "eeeaaoiucnaiouaoaoue", strict=True)}


def _meanings(meaning: Consent, phrases: str) -> dict[str, Consent]:
    return {_plain(phrase): meaning for phrase in phrases.replace("\n", ";").split(";") if phrase.strip()}


_MEANING = _meanings("start", _START) | _meanings("stop", _STOP)
