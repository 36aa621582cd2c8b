"""The words by which mail programs, in many languages, announce a quoted mail or sign off. Patterns only; `replies` decides."""

import re

_WROTE = (
    r"wrote|writes|scri(?:sse|veva)|ha scritto|schrieb|geschrieben|a [ée]crit|escribi[óo]|escreveu|schreef|skrev|"
    r"napisa[łl](?:\(a\))?|пишет|писал(?:\(?а\)?)?|написал(?:\(?а\)?)?|пише|написав|napsal\(?a?\)?|írta|kirjoitti|yazdı|"
    r"написа|έγραψε|a scris|写道|寫道|のメッセージ|작성|ได้เขียน|đã viết|va escriure|skrifaði|schreven|rašė|"
    r"сообщает|сообщил(?:\(?а\)?)?|kirjutas|pisze|napísal\(?a?\)?|geschreven|menulis|je napisa[lo]\w*|napisao|rakstīja|"
    r"ha escrit|написали?|писали|כתב\w*|كتب\w*"
)
_ADDRESSED = r"<?[^\s<>@]{1,256}@[^\s<>@]{1,256}>?"
DAY = re.compile(r"\d{1,4}[./-] ?\d{1,2}[./-] ?\d{1,4}|\d{1,2}:\d{2}|\b(?:19|20)\d\d(?:\b|[年년])")
_DAY = f"(?:{DAY.pattern})"
# Verbs of languages that write no spaces around them.
_WROTE_UNSPACED = r"写道|寫道|撰写|のメッセージ|のメール|書きました|작성|เขียนว่า|ได้เขียน"
_WROTE_ON = (
    r"wrote on|writes on|schrieb am|a [ée]crit le|ha scritto il|escribió el|escreveu em|schreef op|skrev den|skrev|kirjoitti|"
    r"napsal\(?a?\)?|napisał\(?a?\)?|írta|написал\(?а?\)?|писал\(?а?\)?|пишет|rašė|napísal\(?a?\)?"
)
_STRONG_NAMED = (
    # Ann Lee schrieb am 03.03.2025 um 10:15:
    rf"(?!on\b)\S.{{1,80}}\b(?:{_WROTE_ON})\s.{{0,40}}{_DAY}.{{0,30}}[:：]|"
    # 2025-03-03 10:15 GMT+01:00 Ann Lee:
    r"\d{4}-\d\d-\d\d \d{1,2}:\d\d (?:GMT|UTC)\S* .{1,80}[:：]|"
    rf"posted by \S.{{0,80}} on .{{0,40}}{_DAY}.{{0,30}}|"
    # The Bat!: Вы писали 3 марта 2025 г., 10:15:00:      Monday, March 3, 2025, 10:15:00 AM, you wrote:
    rf"(?:здравствуйте,? .{{1,60}} )?(?:вы|ты) писал\w* .{{0,40}}{_DAY}.{{0,20}}[:：]|"
    rf".{{0,40}}{_DAY}.{{0,40}}\byou wrote\s*[:：]|"
    rf"(?=.*(?:{_DAY}|@)).{{0,300}}(?:{_WROTE_UNSPACED})\s*[:：]|"
    # Hebrew and Arabic: ... from Ann Lee <ann@example.com>:
    rf"[^\n]{{0,120}}(?:מאת|بواسطة|من).{{0,120}}{_ADDRESSED}[>)\s]*[:：]"
)

_I = rf"\b(?:я|мы|i|we|ich|wir|je|nous|yo|eu|io)(?: \w+){{0,2}} (?:{_WROTE})(?!\w)"
"""Who tells what they themselves wrote quotes nobody."""
ATTRIBUTION = re.compile(
    rf"^(?!.{{0,60}}{_I})[\s>*_|-]*(?:"
    # On <date>, <name> wrote:        and its sisters; a name with an address also does
    rf"(?=.*(?:{_DAY}|@|\d{{1,2}}\s*\w+)).{{0,300}}?\b(?:{_WROTE})(?!\w).{{0,160}}[:：]"
    # чт, 26 июн. 2014 г. в 14:00, Name <a@example.com>:      (Gmail, Yandex, Mail.ru)
    rf"|(?=.*{_DAY}).{{6,200}}[\s\"(<]{_ADDRESSED}[>)\]\"]*\s*[:：]"
    # <a@example.com> wrote, 在 2014年6月26日，Name <a@example.com> 写道
    rf"|\S.{{0,120}}{_ADDRESSED}[\]>)]*[\s\w,]{{0,20}}\b(?:{_WROTE})(?!\w)\s*[:：]?"
    rf"|(?:[A-Z][\w.'-]*,? ){{1,4}}(?:<.*>\s*)?(?:wrote|writes|schrieb|a écrit|escribió|пишет)\s*[:：]"
    rf"|On\s.{{6,200}}\bwrote\s*[:：]?.{{0,3}}"
    rf"|.{{0,40}}{_DAY}.{{0,120}}(?:写道|寫道|작성|のメッセージ|撰写).{{0,10}}"
    rf"|{_STRONG_NAMED}"
    rf")\s*[*_]*$",
    re.IGNORECASE | re.DOTALL,
)
STRONG = re.compile(
    rf"^(?=.*(?:{_DAY}|@))[\s>*_|-]*(?:on .*@.*\bwrote\s*$|(?:{_STRONG_NAMED})\s*[*_]*$|(?:.*[<(\[ \"]{_ADDRESSED}.*|"
    rf"(?:(?:on|am|le|el|il|em|op|den|w dniu|dnia|dne|dňa|în|pe|на|в)\b|a \d|at \d|\w{{2,3}}\.?,|\d).*"
    rf"\b(?:{_WROTE})(?!\w)(?:(?: [A-ZА-ЯЁ][\w.'-]*){{1,4}})?\s*)[:：])",
    re.IGNORECASE | re.DOTALL,
)
"""What no customer writes by chance: an address, or a date at the beginning and nothing between the verb and the colon."""
ATTRIBUTION_BEGINS = re.compile(
    r"^[\s>*_-]*(?:on|le|am|il|el|em|op|den|dnia|på|pe|в|at|um|kl|w dniu|vào|在|"
    r"[\w]{2,12}\.?,?\s+(?:den\s+)?\d{1,2}[.,]?\s|\d{1,4}[./-]\d{1,2}[./-]\d{1,4}|\d{1,2}\s+\w+\.?\s+\d{4}|"
    r"[\"<]?[\w.' -]{2,60}[\"]?\s*<\S+@\S+>)",
    re.IGNORECASE,
)
DASHED = re.compile(rf"^\s*-{{2,}}.{{0,200}}\b(?:{_WROTE})(?!\w)\s*-{{2,}}\s*$", re.IGNORECASE)
"""---- On Wed, 24 Feb 2021 14:02:50 +0530 a@example.com wrote ----        (Zoho)"""

_ORIGINAL = (
    r"original (?:message|appointment|e-?mail|text)|urspr(?:ü|ue)ngliche (?:nachricht|e-?mail)|original-?nachricht|"
    r"message d['’]origine|message original|"
    r"mensaje original|mensagem original|messaggio originale|oorspronkelijk(?:e)? bericht|исходное сообщение|"
    r"оригинальное сообщение|"
    r"пересылаемое сообщение|пересланное сообщение|переадресованное сообщение|конец пересылаемого сообщения|"
    r"original(?:t)? meddelande|"
    r"oprindelig (?:meddelelse|besked)|opprinnelig melding|oryginalna wiadomość|wiadomość oryginalna|"
    r"p[ůu]vodn[íi] (?:zpr[áa]va|e-?mail)|"
    r"ursprungligt meddelande|alkuper[äa]inen viesti|eredeti (?:üzenet|e-mail)|исходное письмо|"
    r"原始邮件|原始郵件|邮件原件|転送メッセージ|元のメッセージ|"
    r"forwarded (?:message|by)|weitergeleitete nachricht|message (?:transf[ée]r[ée]|réexpédié)|mensaje reenviado|"
    r"messaggio inoltrato|mesaj original|orijinal mesaj|원본 (?:메시지|메일)|začátek přeposílané zprávy|přeposlaná zpráva|"
    r"початок переадресованого повідомлення|переслане повідомлення|оригінальне повідомлення|"
    r"начало переадресованного сообщения|пересылаемое письмо|anfang der weitergeleiteten (?:nachricht|e-?mail)|"
    r"début du message (?:réexpédié|transféré)|inizio (?:del )?messaggio inoltrato|inicio del mensaje reenviado|"
    r"início da mensagem (?:re)?encaminhada|mensagem (?:re)?encaminhada|wiadomość przekazana|początek przekazywanej wiadomości|"
    r"vidarebefordrat (?:meddelande|brev)|videresendt (?:meddelelse|melding|besked)|v[äa]lit[äa]tty viesti|továbbított üzenet|"
    r"начало на препратено съобщение|αρχικό μήνυμα|προωθημένο μήνυμα|iletilen mesaj|mesaj redirecționat|"
    r"begin forwarded message|doorgestuurd bericht|previous (?:message|replies)|quoted text|reply message|исходный текст"
)
DELIMITER = re.compile(
    rf"^[\s>*]*(?:[-_=*~]{{2}}[\W_]*(?:{_ORIGINAL})|(?:{_ORIGINAL})\s*[-:：]+\s*$|"
    r"[-_=]{2}\W*(?:(?:please )?(?:reply|type|write|respond)\b.{0,40}above|"
    r"(?:bitte )?(?:geben|gib|antwort\w*|schreiben)\b.{0,60}(?:oberhalb|über)|.{0,40}ответ.{0,40}выше))",
    re.IGNORECASE,
)
ABOVE = re.compile(
    r"^[\s>*#-]*(?:##- ?please type your reply above|(?:please )?(?:reply|respond|type|write)\b.{0,40}\babove\b.{0,20}\bline|"
    r"(?:bitte )?(?:antwort\w*|schreiben|geben|gib)\b.{0,60}(?:oberhalb|über)\b.{0,40}(?:linie|zeile)|"
    r"(?:пожалуйста,? )?(?:пишите|напишите|отвечайте).{0,40}выше)",
    re.IGNORECASE,
)

_FROM = (
    r"from|von|de|da|van|fra|från|от(?: кого)?|від|od|mittente|expéditeur|remitente|feladó|lähettäjä|gönderen|"
    r"发件人|寄件者|寄件人|差出人|보낸 ?사람|de la|από|отправитель|saatja|kimden"
)
_OTHERS = (
    r"sent|date|to|cc|bcc|subject|reply-to|gesendet|datum|an|kopie|betreff|envoyé|objet|à|cc|copie|enviad[oa](?: el)?|fecha|"
    r"para|asunto|assunto|data|inviato|"
    r"a|oggetto|verzonden|verstuurd|aan|onderwerp|sendt|til|emne|skickat|till|ämne|отправлено|отправлена|дата|кому|копия|"
    r"тема|надіслано|"
    r"wysłano|do|temat|odesláno|předmět|komu|küldve|címzett|tárgy|lähetetty|vastaanottaja|aihe|"
    r"发送时间|收件人|抄送|主题|主旨|送信日時|宛先|件名|"
    r"보낸 ?날짜|받는 ?사람|제목|寄件日期|寄件時間|收件者|日期|主題|副本|enviada em|trimis|către|subiect|gönderilme(?: tarihi)?|"
    r"tarih|kime|konu|odoslané|predmet|dátum|στάλθηκε|ημερομηνία|προς|θέμα|κοιν\.?|получатель|дата отправки|изпратено|"
    r"относно|saadetud|kellele|teema|importance|attachments|вложения|date d['’]envoi"
)
HEADER_FROM = re.compile(rf"^[\s>*|]*(?:{_FROM})\s*\*?\s*[:：]\**\s*\S?", re.IGNORECASE)
HEADER_OTHER = re.compile(rf"^[\s>*|]*(?:{_OTHERS}|{_FROM})\s*\*?\s*[:：]\**(?:\s|\S|$)", re.IGNORECASE)

FOOTING = re.compile(r"^\s*-{3}\s*\n\s*(?:\*+[^*]+\*+\s*$|\[.+\]\(http)")
"""A ruler over a heading or a link: the foot of a notification that was answered."""
SIGNATURE = re.compile(r"^\s?(?:--|- -|__)[\s\xa0]*$")
LINK = re.compile(r"[(<\[]?https?://\S+")
_DEVICE = (
    r"iphone|ipad|ipod|android|samsung|galaxy|huawei|xiaomi|redmi|honor|blackberry|windows|outlook|mobile?|nokia|htc|alcatel|"
    r"phone|handy|smartphone|device|tablet|mailbox|mail|airmail|spark|thunderbird|app|cell|mobilger\w+|mobiltelefon|portable|"
    r"telefon\w*|iphon\w*|телефон\w*|мобильн\w+|смартфон\w*|айфон\w*|планшет\w*|устройств\w*|почт\w+|приложени\w+|яндекс\S*|gmail|android-\w+|móvil|"
    r"celular|teléfono|telefono|gsm|k-9|proton\w*|mymail|tutanota|\w*app|bluemail"
)
_FROM_DEVICE = rf"[^,.!?]{{0,40}}\b(?:{_DEVICE})\w{{0,5}}\b.{{0,40}}"
SENT_FROM = re.compile(
    rf"^[\s*_(\[<]*(?:(?:this (?:message|e-?mail) was )?sent (?:from|via|with|by|using|on) {_FROM_DEVICE}|"
    rf"(?:sent )?from my (?:\S+|{_FROM_DEVICE})(?: (?:mobile|phone|device))?(?:[,.]\s*(?:please |excuse|sorry|pardon).{{0,60}})?|"
    rf"(?:diese (?:nachricht|e-?mail) wurde )?(?:von|mit) {_FROM_DEVICE}gesendet.{{0,20}}|gesendet (?:von|mit|aus|"
    rf"über) {_FROM_DEVICE}|"
    rf"envoyé (?:de|depuis|avec|à partir d\S*) {_FROM_DEVICE}|télécharge[rz] outlook.{{0,40}}|"
    rf"enviado (?:desde|do|de|via|pelo) {_FROM_DEVICE}|inviato (?:da|dal|con) {_FROM_DEVICE}|"
    rf"(?:verzonden|verstuurd) (?:met|vanaf|via|vanuit) {_FROM_DEVICE}|skickat från {_FROM_DEVICE}|sendt fra {_FROM_DEVICE}|"
    rf"lähetetty {_FROM_DEVICE}|(?:wysłan[eoy]|odesláno|odoslané|poslano|изпратено) (?:z|ze|s|от) {_FROM_DEVICE}|"
    rf"trimis (?:de pe|din|prin) {_FROM_DEVICE}|στάλθηκε από {_FROM_DEVICE}|נשלח מ.{{0,30}}|أ?ُ?رسلت? من .{{0,30}}|"
    rf"\S{{1,20}}-r[óo]l küldve|\S{{1,30}} from mobile|"
    rf"(?:отправлен[оа]?|послано|надіслано) (?:с|со|из|от|з|через) {_FROM_DEVICE}|"
    rf"\[?get \[?outlook for (?:ios|android).{{0,20}}|(?:скачать|завантажити) outlook.{{0,40}}|outlook für (?:ios|"
    rf"android).{{0,20}}|"
    rf"iphone'?(?:umdan|dan) gönderildi|"
    rf"(?:나의 |내 )?\S{{1,20}} ?(?:から送信|에서 보냄)|[从從]我的.{{0,20}}(?:发送|傳送)|(?:发自|來自|发送自)我的.{{0,20}})\W*$",
    re.IGNORECASE,
)
ADVERT = re.compile(
    r"^\s*\S.{3,60}\bOutlook (?:for|für|pour|para|per|voor|для|til|på)\b.{3,20}<https://aka\.ms/\w+>\s*$", re.IGNORECASE
)
"""The line that Outlook's apps put between the new text and the old."""
