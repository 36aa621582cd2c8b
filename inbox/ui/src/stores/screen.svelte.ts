// How wide the window is, in the two steps that the frame knows.
const wideQuery = matchMedia('(min-width: 1100px)');
const narrowQuery = matchMedia('(max-width: 719px)');
const vastQuery = matchMedia('(min-width: 1400px)');
let isWide = $state(wideQuery.matches);
let isNarrow = $state(narrowQuery.matches);
let isVast = $state(vastQuery.matches);
vastQuery.addEventListener('change', (event) => (isVast = event.matches));
wideQuery.addEventListener('change', (event) => (isWide = event.matches));
narrowQuery.addEventListener('change', (event) => (isNarrow = event.matches));

/** Room for the lists' names beside the list. */
export const vast = () => isVast;
/** Room for the person beside the thread. */
export const wide = () => isWide;
/** One pane at a time. */
export const narrow = () => isNarrow;
/** A finger, not a mouse: Enter makes a new line, as on phones. */
export const touch = matchMedia('(pointer: coarse)').matches;
