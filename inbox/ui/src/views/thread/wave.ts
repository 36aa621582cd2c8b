// The bars of a spoken message, decoded by the browser: each once; none where it cannot.
import { peaks } from '../../lists/peaks.ts';

const BARS = 48;
/** Loudness needs no more samples a second than this. */
const RATE = 8000;
const known = new Map<number, Promise<number[]>>();

async function decoded(url: string): Promise<number[]> {
  try {
    const answer = await fetch(url, { credentials: 'same-origin' });
    if (!answer.ok) return [];
    const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await answer.arrayBuffer());
    return peaks(sound.getChannelData(0), BARS);
  } catch {
    return [];
  }
}

export function waveOf(id: number, url: string): Promise<number[]> {
  let found = known.get(id);
  if (!found) known.set(id, (found = decoded(url)));
  return found;
}
