// Keeping a list that is paged by key and changed by others in order: pure, so that it can be tested.

/** Sorts before: negative when `a` stands above `b`. */
export type Compare<T> = (a: T, b: T) => number;

/**
 * Rows loaded so far, in order, each once; later versions win. While more pages wait on the server (`complete` false), a row
 * that would stand below the last one of the deepest page is left out: it will come with its page, and shown now it would leave a gap.
 */
export function merge<T>(ids: readonly number[], incoming: readonly number[], row: (id: number) => T | undefined, compare: Compare<T>, complete: boolean, floor?: T): number[] {
  const known = [...new Set([...ids, ...incoming])].filter((id) => row(id) !== undefined);
  const sorted = known.sort((a, b) => compare(row(a)!, row(b)!));
  if (complete || floor === undefined) return sorted;
  return sorted.filter((id) => compare(row(id)!, floor) <= 0);
}

/** How many rows would come in or overtake others if the list were put in order now. */
export function gathered(shown: readonly number[], wanted: readonly number[]): number {
  const here = new Set(shown);
  const staying = new Set(wanted);
  const rest = shown.filter((id) => staying.has(id));
  let count = 0;
  for (const id of wanted) {
    if (!here.has(id)) count += 1;
    else if (rest[0] === id) rest.shift();
    else {
      rest.splice(rest.indexOf(id), 1);
      count += 1;
    }
  }
  return count;
}

/** What stands while the pointer is over the list: who left is gone, who came back by one's own hand (`mine`) is in place, nothing else moves. */
export function held(shown: readonly number[], wanted: readonly number[], mine: ReadonlySet<number>): number[] {
  const staying = new Set(wanted);
  const rest = shown.filter((id) => staying.has(id));
  wanted.forEach((id, place) => {
    if (!mine.has(id) || rest.includes(id)) return;
    const below = wanted.slice(place + 1).find((each) => rest.includes(each));
    rest.splice(below === undefined ? rest.length : rest.indexOf(below), 0, id);
  });
  return rest;
}
