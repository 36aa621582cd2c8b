"""What is new in a mail and what is quoted: the ways in which mail programs, in many languages, set old text under new."""

import time
from pathlib import Path

import pytest

from channels.mail import readable, replies

NEW = "Yes, please send it.\nThank you"
OLD = "Dear Ann,\nyour order is on its way.\nThe shop"
QUOTED = "> Dear Ann,\n> your order is on its way.\n> The shop"

# The line above the quoted mail, as Gmail, Outlook, Apple Mail, Thunderbird, Yahoo, Yandex, Mail.ru and others write it.
ANNOUNCED = [
    "On Mon, Mar 3, 2025 at 10:15 AM Ann Lee <ann@example.com> wrote:",
    "On 3 March 2025 10:15, Ann Lee wrote:",
    "On 2025-03-03 10:15, ann@example.com wrote:",
    "On Mar 3, 2025, at 10:15 AM, Ann Lee <ann@example.com> wrote:",
    "On Monday, 3 March 2025, Ann Lee wrote:",
    "At 10:15 AM 3/3/2025, Ann Lee wrote:",
    "Ann Lee wrote on 03/03/2025 10:15:",
    "Ann Lee <ann@example.com> wrote on Mon, 3 Mar 2025:",
    "Ann Lee <ann@example.com> wrote:",
    "Ann Lee via Shop <ann@example.com> wrote:",
    "2025-03-03 10:15 GMT+01:00 Ann Lee <ann@example.com>:",
    "2025-03-03 10:15 GMT+01:00 Ann Lee:",
    "Posted by ann on 03/03/2025",
    "Mon, 3 Mar 2025 10:15:00 +0100, Ann Lee <ann@example.com>:",
    "Le lun. 3 mars 2025 à 10:15, Ann Lee <ann@example.com> a écrit :",
    "Le 3 mars 2025 à 10:15, Ann Lee a écrit :",
    "Le 03/03/2025 10:15, Ann Lee a écrit :",
    "Ann Lee a écrit le 03/03/2025 10:15 :",
    "Am 03.03.2025 um 10:15 schrieb Ann Lee:",
    "Am Mo., 3. März 2025 um 10:15 Uhr schrieb Ann Lee <ann@example.com>:",
    "Am Montag, 3. März 2025, 10:15:00 MEZ hat Ann Lee <ann@example.com> Folgendes geschrieben:",
    "Ann Lee schrieb am 03.03.2025 um 10:15:",
    "El lun, 3 mar 2025 a las 10:15, Ann Lee (<ann@example.com>) escribió:",
    "El 3/3/2025 a las 10:15, Ann Lee escribió:",
    "El lunes, 3 de marzo de 2025, Ann Lee escribió:",
    "Em seg., 3 de mar. de 2025 às 10:15, Ann Lee <ann@example.com> escreveu:",
    "Em 03/03/2025 10:15, Ann Lee escreveu:",
    "Em segunda-feira, 3 de março de 2025, Ann Lee escreveu:",
    "A 3 de março de 2025 10:15, Ann Lee <ann@example.com> escreveu:",
    "Il giorno lun 3 mar 2025 alle ore 10:15 Ann Lee <ann@example.com> ha scritto:",
    "Il 03/03/2025 10:15, Ann Lee ha scritto:",
    "Il lunedì 3 marzo 2025, Ann Lee ha scritto:",
    "Op ma 3 mrt 2025 om 10:15 schreef Ann Lee <ann@example.com>:",
    "Op 03-03-2025 om 10:15 schreef Ann Lee:",
    "Op maandag 3 maart 2025 heeft Ann Lee het volgende geschreven:",
    "W dniu 3.03.2025 o 10:15, Ann Lee pisze:",
    "W dniu pon., 3 mar 2025 o 10:15 Ann Lee <ann@example.com> napisał(a):",
    "pon., 3 mar 2025 o 10:15 Ann Lee <ann@example.com> napisał(a):",
    "Dnia 3 marca 2025 10:15 Ann Lee <ann@example.com> napisał(a):",
    "Dne 3.3.2025 v 10:15 Ann Lee napsal(a):",
    "po 3. 3. 2025 v 10:15 odesílatel Ann Lee <ann@example.com> napsal:",
    "Dňa 3. 3. 2025 o 10:15 Ann Lee napísal(a):",
    "po 3. 3. 2025 o 10:15 Ann Lee <ann@example.com> napísal(a):",
    "2025.03.03. 10:15 keltezéssel, Ann Lee írta:",
    "Ann Lee <ann@example.com> ezt írta (időpont: 2025. márc. 3., H, 10:15):",
    "În lun., 3 mar. 2025 la 10:15, Ann Lee <ann@example.com> a scris:",
    "Pe 3 martie 2025, Ann Lee a scris:",
    "На пн, 3.03.2025 г. в 10:15 Ann Lee <ann@example.com> написа:",
    "Στις Δευ 3 Μαρ 2025 στις 10:15 π.μ., ο/η Ann Lee <ann@example.com> έγραψε:",
    "Ann Lee <ann@example.com>, 3 Mar 2025 Pzt, 10:15 tarihinde şunu yazdı:",
    "3 Mart 2025 Pazartesi tarihinde Ann Lee <ann@example.com> yazdı:",
    "Den mån 3 mars 2025 kl 10:15 skrev Ann Lee <ann@example.com>:",
    "Den 2025-03-03 kl. 10:15, skrev Ann Lee:",
    "3 mars 2025 kl. 10:15 skrev Ann Lee <ann@example.com>:",
    "man. 3. mar. 2025 kl. 10:15 skrev Ann Lee <ann@example.com>:",
    "Den man. 3. mar. 2025 kl. 10.15 skrev Ann Lee <ann@example.com>:",
    "ma 3. maalisk. 2025 klo 10.15 Ann Lee (ann@example.com) kirjoitti:",
    "Ann Lee kirjoitti 3.3.2025 klo 10.15:",
    "пн, 3 мар. 2025 г. в 10:15, Ann Lee <ann@example.com>:",
    "пн, 3 мар. 2025 г., 10:15 Ann Lee <ann@example.com>:",
    "3 марта 2025 г., в 10:15, Анна Ли <ann@example.com> написал(а):",
    "3 марта 2025 г. 10:15 пользователь Анна Ли <ann@example.com> написал:",
    "Понедельник, 3 марта 2025, 10:15 +03:00 от Анна Ли <ann@example.com>:",
    '03.03.2025, 10:15, "Анна Ли" <ann@example.com>:',
    "03.03.2025 10:15, Анна Ли пишет:",
    "03.03.25 10:15, Анна Ли написал:",
    "Здравствуйте, Анна. Вы писали 3 марта 2025 г., 10:15:00:",
    "Вы писали 3 марта 2025 г., 10:15:",
    "В письме от 3 марта 2025 10:15:00 пользователь Анна Ли написал:",
    "В Пн, 03/03/2025 в 10:15 +0300, Анна Ли пишет:",
    "10:15, 3 марта 2025 г., Анна Ли <ann@example.com>:",
    'Кому: support@shop.example (support@shop.example); 03.03.2025, 10:15, "Анна" <ann@example.com>:',
    "пн, 3 бер. 2025 р. о 10:15 Ann Lee <ann@example.com> пише:",
    '3 березня 2025 р., 10:15:00, від "Ann Lee" <ann@example.com>:',
    "03.03.25 10:15, Ann Lee пише:",
    "2025年3月3日(月) 10:15 Ann Lee <ann@example.com>:",
    "2025/03/03 10:15、Ann Lee <ann@example.com>のメール:",
    "2025年3月3日 10:15、Ann Lee <ann@example.com>のメール:",
    "On 2025/03/03 10:15, Ann Lee さんは書きました:",
    "在 2025年3月3日，10:15，Ann Lee <ann@example.com> 写道：",
    "Ann Lee <ann@example.com> 于2025年3月3日周一 10:15写道：",
    "在 2025/3/3 10:15, Ann Lee 写道:",
    "Ann Lee <ann@example.com> 於 2025年3月3日 週一 上午10:15寫道：",
    "2025년 3월 3일 (월) 오전 10:15, Ann Lee <ann@example.com>님이 작성:",
    "2025. 3. 3. 오전 10:15, Ann Lee <ann@example.com> 작성:",
    "Vào Th 2, 3 thg 3, 2025 vào lúc 10:15 Ann Lee <ann@example.com> đã viết:",
    "ในวันที่ จ. 3 มี.ค. 2025 เวลา 10:15 Ann Lee <ann@example.com> เขียนว่า:",
    "Pada tanggal Sen, 3 Mar 2025 pukul 10.15 Ann Lee <ann@example.com> menulis:",
    "‫בתאריך יום ב׳, 3 במרץ 2025 ב-10:15 מאת ‪Ann Lee‬‏ <‪ann@example.com‬‏>:‬",
    "في الاثنين، 3 مارس 2025 في 10:15 ص تمت كتابة ما يلي بواسطة Ann Lee <ann@example.com>:",
    "El dl., 3 de març 2025, 10:15, Ann Lee <ann@example.com> va escriure:",
    "Ann Lee <ann@example.com> rašė 2025-03-03 10:15:",
    "E, 3. märts 2025 kell 10:15 Ann Lee (<ann@example.com>) kirjutas:",
    "---- On Mon, 03 Mar 2025 10:15:00 +0100 Ann Lee <ann@example.com> wrote ----",
    "-----Original Message-----",
    "----- Original Message -----",
    "-------- Original message --------",
    "-------- Original Message --------",
    "---------- Forwarded message ---------",
    "-------- Forwarded Message --------",
    "Begin forwarded message:",
    "-----Ursprüngliche Nachricht-----",
    "-------- Ursprüngliche Nachricht --------",
    "-----Message d'origine-----",
    "-------- Message transféré --------",
    "-----Исходное сообщение-----",
    "-------- Исходное сообщение --------",
    "-------- Пересылаемое сообщение --------",
    "---------- Forwarded message ----------",
    "----- Пересылаемое сообщение -----",
    "-----Mensaje original-----",
    "-----Mensagem original-----",
    "-----Messaggio originale-----",
    "-----Oorspronkelijk bericht-----",
    "-----Ursprungligt meddelande-----",
    "-----Opprinnelig melding-----",
    "-----Oprindelig meddelelse-----",
    "-----Alkuperäinen viesti-----",
    "-----Oryginalna wiadomość-----",
    "-----Původní zpráva-----",
    "---------- Původní e-mail ----------",
    "-----Eredeti üzenet-----",
    "-----Mesaj original-----",
    "-----Orijinal Mesaj-----",
    "-----邮件原件-----",
    "------------------ 原始邮件 ------------------",
    "-----原始郵件-----",
    "----- 元のメッセージ -----",
    "-----원본 메시지-----",
    "----- Reply message -----",
    "------ Original Message ------",
    "-- Original Message --",
    "_____ Original Message _____",
    "*** Original Message ***",
    "-----Začátek přeposílané zprávy-----",
    "Початок переадресованого повідомлення:",
    "-------- Переслане повідомлення --------",
    "-----Оригінальне повідомлення-----",
    "Начало переадресованного сообщения:",
    "Anfang der weitergeleiteten Nachricht:",
    "Début du message réexpédié :",
    "Inizio messaggio inoltrato:",
    "Inicio del mensaje reenviado:",
    "-------- Weitergeleitete Nachricht --------",
    "##- Please type your reply above this line -##",
    "--- Please reply above this line ---",
]
# The headers that Outlook and others set above it.
HEADERS = [
    "From: Ann Lee <ann@example.com>\nSent: Monday, March 3, 2025 10:15 AM\nTo: Shop <s@shop.example>\nSubject: Order",
    "From: Ann Lee\nSent: Monday, March 3, 2025 10:15 AM\nTo: Shop\nSubject: Order",
    "*From:* Ann Lee <ann@example.com>\n*Sent:* Monday, March 3, 2025 10:15 AM\n*To:* Shop\n*Subject:* Order",
    "**From:** Ann Lee <ann@example.com>\n**Date:** Monday, March 3, 2025 10:15 AM\n**To:** Shop\n**Subject:** Order",
    "From: Ann Lee\nDate: Monday, March 3, 2025\nTo: Shop <s@shop.example>\nSubject: Order",
    "Date: Mon, 3 Mar 2025 10:15:00 +0000\nFrom: ann@example.com\nTo: s@shop.example\nSubject: Re: Order",
    "Subject: Re: Order\nFrom: ann@example.com\nTo: s@shop.example\nDate: Mon, 3 Mar 2025 10:15:00 +0000",
    "Von: Ann Lee <ann@example.com>\nGesendet: Montag, 3. März 2025 10:15\nAn: Shop\nBetreff: Bestellung",
    "Von: Ann Lee\nDatum: Montag, 3. März 2025 um 10:15\nAn: Shop\nCc: x\nBetreff: AW: Bestellung",
    "De : Ann Lee <ann@example.com>\nEnvoyé : lundi 3 mars 2025 10:15\nÀ : Shop\nObjet : Commande",
    "De: Ann Lee\nDate: lundi 3 mars 2025 à 10:15\nÀ: Shop\nObjet: Commande",
    "От: Анна Ли <ann@example.com>\nОтправлено: 3 марта 2025 г. 10:15\nКому: Магазин\nТема: Заказ",
    "От: Анна Ли\nДата: понедельник, 3 марта 2025 г. в 10:15\nКому: Магазин\nТема: Заказ",
    "От кого: Анна Ли <ann@example.com>\nКому: s@shop.example\nДата: Понедельник, 3 марта 2025, 10:15 +03:00\nТема: Заказ",
    'От: "Анна Ли" <ann@example.com>\nКому: "s@shop.example"\nОтправлено: Понедельник, 3 март 2025 г 10:15:00\nТема: Заказ',
    "Від: Анна <ann@example.com>\nНадіслано: 3 березня 2025 р. 10:15\nКому: Shop\nТема: Замовлення",
    "De: Ann Lee <ann@example.com>\nEnviado el: lunes, 3 de marzo de 2025 10:15\nPara: Shop\nAsunto: Pedido",
    "De: Ann Lee\nEnviada em: segunda-feira, 3 de março de 2025 10:15\nPara: Shop\nAssunto: Pedido",
    "Da: Ann Lee <ann@example.com>\nInviato: lunedì 3 marzo 2025 10:15\nA: Shop\nOggetto: Ordine",
    "Van: Ann Lee <ann@example.com>\nVerzonden: maandag 3 maart 2025 10:15\nAan: Shop\nOnderwerp: Bestelling",
    "Från: Ann Lee <ann@example.com>\nSkickat: den 3 mars 2025 10:15\nTill: Shop\nÄmne: Order",
    "Fra: Ann Lee <ann@example.com>\nSendt: 3. marts 2025 10:15\nTil: Shop\nEmne: Ordre",
    "Lähettäjä: Ann Lee <ann@example.com>\nLähetetty: maanantai 3. maaliskuuta 2025 10.15\nVastaanottaja: Shop\nAihe: Tilaus",
    "Od: Ann Lee <ann@example.com>\nWysłano: poniedziałek, 3 marca 2025 10:15\nDo: Shop\nTemat: Zamówienie",
    "Od: Ann Lee <ann@example.com>\nOdesláno: pondělí 3. března 2025 10:15\nKomu: Shop\nPředmět: Objednávka",
    "Od: Ann Lee <ann@example.com>\nOdoslané: pondelok 3. marca 2025 10:15\nKomu: Shop\nPredmet: Objednávka",
    "Feladó: Ann Lee <ann@example.com>\nElküldve: 2025. március 3., hétfő 10:15\nCímzett: Shop\nTárgy: Rendelés",
    "Gönderen: Ann Lee <ann@example.com>\nGönderilme: 3 Mart 2025 Pazartesi 10:15\nKime: Shop\nKonu: Sipariş",
    "De la: Ann Lee <ann@example.com>\nTrimis: luni, 3 martie 2025 10:15\nCătre: Shop\nSubiect: Comanda",
    "Από: Ann Lee <ann@example.com>\nΣτάλθηκε: Δευτέρα, 3 Μαρτίου 2025 10:15\nΠρος: Shop\nΘέμα: Παραγγελία",
    "发件人: Ann Lee <ann@example.com>\n发送时间: 2025年3月3日 10:15\n收件人: Shop\n主题: 订单",
    '发件人："Ann" <ann@example.com>\n日期：2025年3月3日\n收件人：Shop\n主题：订单',
    "寄件者: Ann Lee <ann@example.com>\n寄件日期: 2025年3月3日 10:15\n收件者: Shop\n主旨: 訂單",
    "差出人: Ann Lee <ann@example.com>\n送信日時: 2025年3月3日 10:15\n宛先: Shop\n件名: 注文",
    "보낸 사람: Ann Lee <ann@example.com>\n보낸 날짜: 2025년 3월 3일 10:15\n받는 사람: Shop\n제목: 주문",
    "________________________________\n"
    "From: Ann Lee <ann@example.com>\n"
    "Sent: Monday, March 3, 2025 10:15 AM\n"
    "To: Shop\n"
    "Subject: Order",
    "________________________________\nVon: Ann Lee\nGesendet: Montag, 3. März 2025 10:15:00\nAn: Shop\nBetreff: x",
]
# What phones and programs add by themselves.
SENT_FROM = [
    "Sent from my iPhone",
    "Sent from my Samsung Galaxy smartphone.",
    "Sent from Yahoo Mail on Android",
    "Sent from Yahoo Mail for iPhone",
    "Sent from Outlook for iOS",
    "Sent from Mail for Windows",
    "Sent from Mail for Windows 10",
    "Get Outlook for iOS",
    "Get Outlook for Android<https://aka.ms/ghei36>",
    "Sent with Proton Mail secure email.",
    "Sent via BlackBerry from T-Mobile",
    "Sent from my Huawei phone",
    "Von meinem iPhone gesendet",
    "Gesendet mit der GMX Mail App",
    "Diese Nachricht wurde von meinem Android Mobiltelefon mit WEB.DE Mail gesendet.",
    "Envoyé de mon iPhone",
    "Envoyé depuis mon appareil Samsung",
    "Enviado desde mi iPhone",
    "Enviado do meu iPhone",
    "Inviato da iPhone",
    "Inviato dal mio telefono Android",
    "Verzonden vanaf mijn iPhone",
    "Verstuurd vanaf mijn iPad",
    "Skickat från min iPhone",
    "Sendt fra min iPhone",
    "Lähetetty iPhonesta",
    "Wysłane z iPhone'a",
    "Wysłano z telefonu",
    "Odesláno z iPhonu",
    "Odoslané z iPhonu",
    "iPhone-ról küldve",
    "iPhone'umdan gönderildi",
    "Trimis de pe iPhone-ul meu",
    "Отправлено с iPhone",
    "Отправлено с моего iPhone",
    "Отправлено из мобильной Почты Mail.ru",
    "Отправлено из Почты Mail.ru",
    "Отправлено из мобильной Яндекс Почты",
    "Отправлено из Mail.ru для Android",
    "Отправлено с Samsung Galaxy",
    "Отправлено со смартфона Xiaomi",
    "Отправлено из myMail для iOS",
    "Отправлено из Outlook для Android",
    "Отправлено с мобильного устройства",
    "Надіслано з iPhone",
    "iPhoneから送信",
    "나의 iPhone에서 보냄",
    "从我的 iPhone 发送",
    "发自我的iPhone",
    "來自我的 iPhone",
    "Στάλθηκε από το iPhone μου",
    "נשלח מה-iPhone שלי",
    "أُرسلت من الـ iPhone",
]
# Words that look like one of those and are a customer's own.
OWN = [
    "On 3 March 2025 we ordered a lamp. Ann wrote: it is broken.\nWhat now?",
    "В 2020 году я писал вам: ответа нет.\nЖду до сих пор.",
    "В 10:15 я написал Анне:\nона не ответила.",
    "At our meeting on 3/3/2025 Bob wrote:\n1. a lamp\n2. a table",
    "Маршрут:\nОт: Москва\nДо: Казань\nДата: 12.05.2025\nТема: перевозка мебели",
    "From: Berlin\nTo: Paris\nDate: 3 March\nPlease book it.",
    "Мой заказ 15.\nОтправлено со склада вчера, но не пришло.",
    "The parcel was\nsent from my office in Berlin.\nWhere is it?",
    "a - b\n-- c\n--- d",
    "Please see below\n\n1. Original message text was lost\n2. Forwarded by Bob",
    "2025/03/03 に作成\nよろしくお願いします",
    "Am 3. März schrieb ich Ihnen: keine Antwort. Bitte melden Sie sich.",
    "Le 3 mars 2025 je vous ai écrit, sans réponse.\nMerci de répondre.",
    "Вы писали, что доставка 3 марта 2025 г. бесплатна: это так?\nСпасибо",
]


@pytest.mark.parametrize("line", ANNOUNCED)
@pytest.mark.parametrize("old", [OLD, QUOTED], ids=["unmarked", "marked"])
def test_a_quoted_mail_is_put_away_from_its_announcement_on(line: str, old: str) -> None:
    found = replies.split(f"{NEW}\n\n{line}\n\n{old}\n")
    assert found.text == NEW
    assert "your order is on its way" in found.quoted


@pytest.mark.parametrize("block", HEADERS)
def test_a_quoted_mail_is_put_away_from_its_headers_on(block: str) -> None:
    found = replies.split(f"{NEW}\n\n{block}\n\n{OLD}\n")
    assert (found.text, "Dear Ann" in found.quoted) == (NEW, True)


@pytest.mark.parametrize("line", SENT_FROM)
def test_what_a_program_adds_is_put_away(line: str) -> None:
    assert replies.split(f"{NEW}\n\n{line}\n").text == NEW
    assert replies.split(f"{NEW}\n\n{line}\n\nOn Mon, Mar 3, 2025, Ann <ann@example.com> wrote:\n{QUOTED}\n").text == NEW


@pytest.mark.parametrize("text", OWN)
def test_what_a_customer_wrote_is_never_put_away(text: str) -> None:
    assert replies.split(text) == replies.Reply(text=text, quoted="")
    assert replies.split(f"Hello!\n\n{text}").text == f"Hello!\n\n{text}"


SAMPLES = sorted((Path(__file__).parent / "payloads" / "email" / "quoted").glob("*.html"))


@pytest.mark.parametrize("sample", SAMPLES, ids=[sample.stem for sample in SAMPLES])
def test_a_quote_in_html_is_put_away(sample: Path) -> None:
    found = replies.split(readable.to_text(sample.read_text()))
    assert (found.text, "your order is on its way" in found.quoted) == (NEW, True)


def test_what_stands_behind_the_beginning_of_an_endless_mail_is_kept() -> None:
    body = "New\n\n" + "word " * 30_000
    assert replies.split(body).text == body.rstrip()
    quoting = f"New\n\nOn 3 March 2025 10:15, Ann <ann@example.com> wrote:\n{'> old' * 30_000}"
    assert replies.split(quoting).text == "New" and replies.split(quoting).quoted.count("old") == 30_000


SLOW = [
    ("long lines that begin like an announcement", "On 3 March 2025 10:15 " + "a b " * 140 + "\n"),
    ("addresses", "a@b.example " * 45 + ":\n"),
    ("colons", "From: a:" * 60 + "\n"),
    ("verbs", "I wrote wrote 10:15 schrieb " * 20 + "\n"),
]


@pytest.mark.parametrize("line", [c[1] for c in SLOW], ids=[c[0] for c in SLOW])
def test_a_hostile_text_costs_no_more_than_it_weighs(line: str) -> None:
    began = time.process_time()
    replies.split(line * 300)
    assert time.process_time() - began < 3
