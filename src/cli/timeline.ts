/** When something went on, in milliseconds, and whether code ran in it. */
export interface Span {
  readonly from: number;
  readonly to: number;
  readonly isBusy: boolean;
}

/** A wait is drawn as long as this share of all the time in which code ran, at most. */
const longestWait = 0.15;

/** Where moments stand on a line of some columns. Long waits are drawn short. */
export class Timeline {
  readonly #moments: readonly number[];
  /** The column of each moment. */
  readonly #columns: readonly number[];

  constructor(spans: readonly Span[], columns: number) {
    this.#moments = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
    const isBusy = busyStretches(this.#moments, spans);
    const lengths = this.#moments.slice(1).map((to, index) => to - (this.#moments[index] ?? to));
    const busyTime = lengths.reduce((sum, length, index) => sum + (isBusy[index] ? length : 0), 0);
    const rooms = waitsCut(lengths, isBusy, (busyTime || 1) * longestWait);
    const scale = columns / (rooms.reduce((sum, room) => sum + room, 0) || 1);
    let column = 0;
    this.#columns = [0, ...rooms.map((room) => (column += room * scale))];
  }

  /** A fraction, from 0 to the number of columns. */
  at(moment: number): number {
    const after = this.#moments.findIndex((each) => each >= moment);
    if (after < 0) return this.#columns.at(-1) ?? 0;
    const [to = 0, end = 0] = [this.#moments[after], this.#columns[after]];
    if (after === 0 || to === moment) return end;
    const [from = 0, begin = 0] = [this.#moments[after - 1], this.#columns[after - 1]];
    return begin + ((moment - from) / (to - from)) * (end - begin);
  }
}

/** For each stretch between two moments, whether code ran in it. */
function busyStretches(moments: readonly number[], spans: readonly Span[]): boolean[] {
  const place = new Map(moments.map((moment, index) => [moment, index]));
  const changes = moments.map(() => 0);
  for (const { from, to, isBusy } of spans) {
    if (!isBusy || from === to) continue;
    const [begin = 0, end = 0] = [place.get(from), place.get(to)];
    changes[begin] = (changes[begin] ?? 0) + 1;
    changes[end] = (changes[end] ?? 0) - 1;
  }
  let running = 0;
  return changes.map((change) => {
    running += change;
    return running > 0;
  });
}

/** Waits that follow each other are one, and share its room. */
function waitsCut(lengths: readonly number[], isBusy: readonly boolean[], most: number): number[] {
  const rooms = [...lengths];
  for (let begin = 0; begin < rooms.length; begin++) {
    if (isBusy[begin]) continue;
    let end = begin;
    let total = 0;
    while (end < rooms.length && !isBusy[end]) total += lengths[end++] ?? 0;
    const share = total > most ? most / total : 1;
    for (let index = begin; index < end; index++) rooms[index] = (lengths[index] ?? 0) * share;
    begin = end;
  }
  return rooms;
}
