// The shape of a sound: how loud it is in each of so many equal parts, the loudest being 1. Pure.
export function peaks(samples: ArrayLike<number>, count: number): number[] {
  const step = samples.length / count;
  const loud = Array.from({ length: count }, (_, part) => {
    let sum = 0;
    const [from, to] = [Math.floor(part * step), Math.floor((part + 1) * step)];
    for (let at = from; at < to; at += 1) sum += samples[at]! * samples[at]!;
    return to > from ? Math.sqrt(sum / (to - from)) : 0;
  });
  const most = Math.max(...loud);
  return most > 0 ? loud.map((each) => each / most) : loud;
}
