// Emoji that people write to customers with, each with words to find it by in English and Russian. Loaded when the picker opens.

const list = `
🙂 smile улыбка рад
😀 grin happy радость улыбка
😃 happy joy радость
😄 laugh happy смех радость
😁 grin beam ухмылка
😆 laugh смех хаха
😅 sweat relief пот облегчение уф
🤣 rofl laugh ржу смех
😂 tears joy laugh слёзы смех
😉 wink подмигивание
😊 blush smile румянец рад спасибо
😇 angel halo ангел
🥰 love hearts любовь нежность
😍 love eyes влюблён восторг
🤩 star wow восторг звёзды
😘 kiss поцелуй
😋 yum tasty вкусно
😛 tongue язык
🤪 crazy безумный
🤗 hug обнимаю
🤭 oops giggle ой хихи
🤫 quiet secret тихо секрет
🤔 think hmm думаю хм
🤐 zipper silent молчу
😐 neutral нейтрально
😏 smirk ухмылка
😒 unamused недоволен
🙄 eyes roll закатил глаза
😬 grimace неловко
😌 relieved calm спокоен
😔 sad pensive грустно
😴 sleep сон сплю
😷 mask ill маска болею
🤒 fever ill температура болею
🤕 hurt болит травма
🤯 mind blown взрыв шок
🥳 party праздник ура
😎 cool sunglasses круто очки
🤓 nerd умник
😕 confused не понимаю
😟 worried волнуюсь
😮 wow open mouth удивление ого
😲 astonished изумление
🥺 please plead прошу пожалуйста
😢 cry sad слеза грусть
😭 sob cry плачу рыдаю
😱 scream fear ужас крик
😞 disappointed разочарован
😩 weary устал
😤 huff злюсь пар
😠 angry злость
😡 rage mad ярость
💩 poop какашка
🤖 robot bot робот бот
👋 wave hello hi привет пока рука
🤚 hand stop рука стоп
✋ hand high five рука пять
👌 ok окей хорошо
✌️ victory peace победа мир
🤞 fingers crossed luck удача держу пальцы
🤙 call позвони
👈 left налево влево
👉 right направо вправо
👆 up вверх выше
👇 down вниз ниже
👍 thumbs up yes good like да хорошо лайк палец вверх
👎 thumbs down no bad нет плохо палец вниз
👏 clap bravo браво хлопаю
🙌 hooray hands ура руки
🤝 handshake deal договорились рукопожатие
🙏 thanks please pray спасибо пожалуйста молюсь
💪 strong muscle сила
✍️ write sign пишу подпись
👀 eyes look глаза смотрю
🤷 shrug не знаю
🙋 raise hand question вопрос рука
🤦 facepalm стыд
👨‍💻 developer computer программист
👩‍⚕️ doctor врач
👷 worker builder строитель рабочий
👶 baby малыш ребёнок
👪 family семья
❤️ heart love сердце любовь красное
🧡 orange heart оранжевое сердце
💛 yellow heart жёлтое сердце
💚 green heart зелёное сердце
💙 blue heart синее сердце
💜 purple heart фиолетовое сердце
🖤 black heart чёрное сердце
💔 broken heart разбитое сердце
💯 hundred сто процентов
✨ sparkles блеск искры
⭐ star звезда
🌟 glowing star звезда сияет
🔥 fire hot огонь горячо
💥 boom взрыв
💡 idea lamp идея лампочка
💬 speech message сообщение чат
💤 sleep сон
✅ check done yes готово да галочка
☑️ check box галочка
✔️ check галочка
❌ cross no нет крестик отмена
❗ exclamation важно внимание восклицательный
❓ question вопрос
⚠️ warning внимание осторожно
⛔ stop forbidden стоп нельзя
🚫 forbidden no запрещено
🔴 red circle красный круг
🟡 yellow circle жёлтый круг
🟢 green circle зелёный круг
➡️ arrow right стрелка вправо
⬅️ arrow left стрелка влево
🔄 refresh again обновить снова
🆕 new новое
🆗 ok окей
🆘 sos help помогите
🎉 party tada congratulations праздник поздравляю ура
🎊 confetti конфетти праздник
🎁 gift present подарок
🎂 cake birthday торт день рождения
🎈 balloon шарик праздник
🎄 christmas tree new year ёлка новый год рождество
🏆 trophy win кубок победа
🥇 gold medal золото медаль первый
🎯 target goal цель
💐 flowers bouquet цветы букет
🌹 rose роза цветок
🌷 tulip тюльпан цветок 8 марта
🌸 blossom цветение цветок
🌞 sun солнце
☀️ sun sunny солнце ясно
🌧️ rain дождь
❄️ snow cold снег холод
⛄ snowman winter снеговик зима
🌈 rainbow радуга
☕ coffee tea кофе чай
🍵 tea чай
🍰 cake dessert десерт пирожное
🍕 pizza пицца
🍎 apple яблоко
🍷 wine вино
🍺 beer пиво
🍽️ restaurant food еда ресторан
🏠 home house дом
🏢 office building офис здание
🏪 shop store магазин
🏥 hospital больница клиника
🏦 bank банк
🏨 hotel гостиница отель
🚗 car машина авто
🚕 taxi такси
🚚 truck delivery доставка грузовик
📦 box parcel package посылка коробка заказ
🛵 courier scooter курьер скутер
🚲 bicycle велосипед
✈️ plane flight самолёт рейс
🚆 train поезд
🧳 suitcase travel чемодан поездка
📍 pin place location место адрес
🗺️ map карта
⏰ alarm clock будильник время
⏳ hourglass wait ждите песочные часы
🕐 clock time часы время
📅 calendar date календарь дата
📆 calendar запись день
📞 phone call телефон звонок
📱 mobile phone телефон мобильный
☎️ telephone телефон
📧 email mail письмо почта
✉️ letter envelope письмо конверт
📎 paperclip attachment скрепка файл
📄 document page документ страница
📋 clipboard list список планшет
📝 note memo заметка запись
📊 chart report график отчёт
📈 growth chart рост график
📉 decline chart падение график
📷 camera photo камера фото
🎥 video camera видео
🎵 music note музыка
🔔 bell notification звонок уведомление
🔕 mute bell без звука
🔍 search find поиск найти
🔑 key ключ
🔒 lock замок закрыто
🔓 unlock открыто
🔗 link ссылка
🔧 wrench repair ремонт ключ гаечный
🛠️ tools repair инструменты ремонт
⚙️ settings gear настройки шестерёнка
🔋 battery батарея заряд
💻 laptop computer ноутбук компьютер
🖨️ printer принтер
🛒 cart shopping корзина покупки
🛍️ shopping bags покупки пакеты
💳 card payment карта оплата
💰 money деньги
💵 dollar cash деньги доллар наличные
🧾 receipt чек квитанция
🏷️ tag price sale цена скидка ярлык
💊 pill medicine таблетка лекарство
🩺 stethoscope doctor врач осмотр
👕 shirt clothes футболка одежда
👗 dress платье
👟 shoes sneakers обувь кроссовки
💍 ring wedding кольцо свадьба
🐶 dog собака
🐱 cat кошка кот
`;

export interface Emoji { sign: string; words: string }
export const emoji: readonly Emoji[] = list.trim().split('\n').map((line) => {
  const [sign, ...words] = line.split(' ');
  return { sign: sign!, words: words.join(' ') };
});

const plain = (text: string) => text.trim().toLowerCase().replaceAll('ё', 'е');
/** Every word that was typed begins a word of the sign's. */
export function matching(typed: string): Emoji[] {
  const wanted = plain(typed).split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return [...emoji];
  return emoji.filter(({ sign, words }) => wanted.every((part) => sign === part || ` ${plain(words)}`.includes(` ${part}`)));
}
