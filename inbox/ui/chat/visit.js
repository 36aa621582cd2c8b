// Where the visitor came from. Kept for this tab's session only, and only if there is something to tell; sent with a first message.
const MARKS = ["source", "medium", "campaign", "term", "content"];

export function arrive(chat, place = location, from = document.referrer) {
  const query = new URLSearchParams(place.search);
  const utm = Object.fromEntries(MARKS.map((mark) => [mark, query.get(`utm_${mark}`)]).filter(([, value]) => value));
  const referrer = from && URL.canParse(from) && new URL(from).origin !== place.origin ? from : "";
  const visit = { landing: place.href.split("#")[0].slice(0, 500), ...(referrer && { referrer: referrer.slice(0, 500) }), ...(Object.keys(utm).length && { utm }) };
  try {
    const key = `switchboard-chat-came ${chat}`;
    // The newest campaign counts; a mere walk from page to page leaves what is known.
    if (referrer || visit.utm) sessionStorage.setItem(key, JSON.stringify(visit));
    return { tell: () => JSON.parse(sessionStorage.getItem(key)) ?? visit, told: () => sessionStorage.removeItem(key) };
  } catch {
    return { tell: () => visit, told: () => {} };
  }
}
