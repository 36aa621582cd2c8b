"""The words by which mail programs, in many languages, announce a quoted mail or sign off. Patterns only; `replies` decides."""

import re

_WROTE = (
    r"wrote|writes|scri(?:sse|veva)|ha scritto|schrieb|geschrieben|a [ée]crit|escribi[óo]|escreveu|schreef|skrev|"
    r"napisa[łl](?:\(a\))?|"
    r"пишет|писал(?:\(?а\)?)?|написал(?:\(?а\)?)?|пише|написав|napsal\(?a?\)?|írta|kirjoitti|yazdı|написа|έγραψε|a scris|写道|"
    r"寫道|のメッセージ|"
    r"작성|ได้เขียน|đã viết|scrisse|va escriure|skrifaði|schreven|rašė|сообщает|сообщил(?:\(?а\)?)?|sent|kirjutas"
)
_ADDRESSED = r"<?[^\s<>@]+@[^\s<>@]+>?"
_DAY = r"(?:\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}:\d{2}|\b(?:19|20)\d\d\b)"

ATTRIBUTION = re.compile(
    rf"^[\s>*_|-]*(?:"
    # On <date>, <name> wrote:        and its sisters; a name alone with an address also does
    rf"(?=.*(?:{_DAY}|@|\d{{1,2}}\s*\w+)).{{0,300}}?\b(?:{_WROTE})\b.{{0,160}}[:：]"
    # чт, 26 июн. 2014 г. в 14:00, Name <a@example.com>:      (Gmail, Yandex, Mail.ru)
    rf"|(?=.*{_DAY}).{{6,200}}[\s\"(<]{_ADDRESSED}[>)\]\"]*\s*[:：]"
    # <a@example.com> wrote / 在 2014年6月26日，Name <a@example.com> 写道
    rf"|\S.{{0,120}}{_ADDRESSED}[\]>)]*[\s\w,]{{0,20}}\b(?:{_WROTE})\b\s*[:：]?"
    rf"|(?:[A-Z][\w.'-]*,? ){{1,4}}(?:<.*>\s*)?(?:wrote|writes|schrieb|a écrit|escribió|пишет)\s*[:：]"
    rf"|On\s.{{6,200}}\bwrote\s*[:：]?.{{0,3}}"
    rf"|.{{0,40}}{_DAY}.{{0,120}}(?:写道|寫道|작성|のメッセージ|撰写).{{0,10}}"
    rf")\s*[*_]*$",
    re.IGNORECASE | re.DOTALL,
)
ATTRIBUTION_BEGINS = re.compile(
    r"^[\s>*_]*(?:on|le|am|il|el|em|op|den|dnia|den|den|em|på|pe|в|at|um|kl|em|w dniu|vào|在|الثلاثاء|"
    r"(?:mon|tue|wed|thu|fri|sat|sun|пн|вт|ср|чт|пт|сб|вс|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|dom|mié|"
    r"понедельник|вторник|среда|"
    r"четверг|пятница|суббота|воскресенье)\b\.?,?|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\s+\w+\.?\s+\d{4}|"
    r"[\"<]?[\w.' -]{2,60}[\"]?\s*<\S+@\S+>)",
    re.IGNORECASE,
)

_ORIGINAL = (
    r"original (?:message|appointment|e-?mail|text)|urspr(?:ü|ue)ngliche (?:nachricht|e-?mail)|original-?nachricht|"
    r"message d['’]origine|message original|"
    r"mensaje original|mensagem original|messaggio originale|oorspronkelijk(?:e)? bericht|исходное сообщение|"
    r"оригинальное сообщение|"
    r"пересылаемое сообщение|пересланное сообщение|переадресованное сообщение|конец пересылаемого сообщения|"
    r"original(?:t)? meddelande|"
    r"oprindelig meddelelse|opprinnelig melding|oryginalna wiadomość|wiadomość oryginalna|p[ůu]vodn[íi] (?:zpr[áa]va|e-?mail)|"
    r"ursprungligt meddelande|alkuper[äa]inen viesti|eredeti (?:üzenet|e-mail)|исходное письмо|"
    r"原始邮件|原始郵件|邮件原件|転送メッセージ|元のメッセージ|"
    r"forwarded (?:message|by)|weitergeleitete nachricht|message (?:transf[ée]r[ée]|réexpédié)|mensaje reenviado|"
    r"messaggio inoltrato|"
    r"begin forwarded message|doorgestuurd bericht|previous (?:message|replies)|quoted text|reply message|исходный текст"
)
DELIMITER = re.compile(
    rf"^[\s>*]*(?:[-_=]{{2,}}\s*\W*(?:{_ORIGINAL}).*|(?:{_ORIGINAL})\s*[-:：]+|[-_=]{{2,}}\s*(?:reply|(?:bitte )?(?:geben|"
    rf"antwort\w*|schreiben).*(?:oberhalb|über).*|"
    r"(?:please )?(?:reply|type|write|respond).{0,40}above.*|.*ответ.*выше.*).*)\s*$",
    re.IGNORECASE,
)
ABOVE = re.compile(
    r"^[\s>*#-]*(?:##- ?please type your reply above|(?:please )?(?:reply|respond|type|write)\b.{0,40}\babove\b.{0,20}\bline|"
    r"(?:bitte )?(?:antwort\w*|schreiben|geben)\b.{0,60}(?:oberhalb|über)\b.{0,40}(?:linie|zeile)|"
    r"(?:пожалуйста,? )?(?:пишите|напишите|отвечайте).{0,40}выше)",
    re.IGNORECASE,
)

_FROM = (
    r"from|von|de|da|van|fra|från|от(?: кого)?|від|od|mittente|expéditeur|remitente|feladó|lähettäjä|gönderen|"
    r"发件人|寄件者|差出人|보낸 ?사람"
)
_OTHERS = (
    r"sent|date|to|cc|bcc|subject|reply-to|gesendet|datum|an|kopie|betreff|envoyé|objet|à|cc|copie|enviad[oa](?: el)?|fecha|"
    r"para|asunto|assunto|data|inviato|"
    r"a|oggetto|verzonden|verstuurd|aan|onderwerp|sendt|til|emne|skickat|till|ämne|отправлено|отправлена|дата|кому|копия|"
    r"тема|надіслано|"
    r"wysłano|do|temat|odesláno|předmět|komu|küldve|címzett|tárgy|lähetetty|vastaanottaja|aihe|"
    r"发送时间|收件人|抄送|主题|主旨|送信日時|宛先|件名|"
    r"보낸 ?날짜|받는 ?사람|제목|importance|attachments|вложения|date d['’]envoi"
)
HEADER_FROM = re.compile(rf"^[\s>*|]*(?:{_FROM})\s*\*?\s*[:：]\**\s*\S?", re.IGNORECASE)
HEADER_OTHER = re.compile(rf"^[\s>*|]*(?:{_OTHERS}|{_FROM})\s*\*?\s*[:：]\**(?:\s|\S|$)", re.IGNORECASE)

SIGNATURE = re.compile(r"^\s?(?:--|—|––|-- ?-?|- -|__)[\s\xa0]*$")
SENT_FROM = re.compile(
    rf"^[\s*_(\[]*(?:(?:this (?:message|e-?mail) was )?(?:sent|written|typed|composed) (?:from|via|with|by|using|on|"
    rf"wirelessly)\b.{{0,60}}|"
    rf"(?:von|mit) (?:meinem?|dem|der)?.{{0,40}}gesendet.{{0,40}}|gesendet (?:von|mit|aus|über)\b.{{0,50}}|"
    rf"envoyé (?:de(?:puis)?|avec|à partir)\b.{{0,50}}|"
    rf"enviado (?:desde|do|de|via|pelo)\b.{{0,50}}|inviato (?:da|dal|con)\b.{{0,50}}|verzonden (?:met|vanaf|via|"
    rf"vanuit)\b.{{0,50}}|verstuurd vanaf\b.{{0,50}}|"
    rf"отправлено (?:с|из|от)\b.{{0,60}}|послано с\b.{{0,50}}|отправлен[оа]? (?:с|из)\b.{{0,60}}|надіслано з\b.{{0,50}}|"
    rf"get outlook for (?:ios|android).{{0,60}}|скачать outlook.{{0,40}}|outlook für (?:ios|android).{{0,60}}|"
    rf"télécharge[rz] outlook.{{0,60}}|"
    rf"skickat från\b.{{0,50}}|sendt fra\b.{{0,50}}|lähetetty\b.{{0,50}}|wysłan[eo] z\b.{{0,50}}|odesláno z\b.{{0,50}}|"
    rf"iphone'?(?:umdan|dan) gönderildi.{{0,10}}|"
    rf"\S{1, 20}(?:から送信|에서 보냄)|从我的.{{0,10}}发送|发自我的.{{0,20}}|iPhone から送信)\W*$",
    re.IGNORECASE,
)
