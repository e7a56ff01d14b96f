/** Where moments stand on a line of some columns. Time in which only waiting goes on is cut short. */

export interface Span {
  readonly from: number;
  readonly to: number;
  /** Whether code ran; otherwise somebody or something was waited for. */
  readonly busy: boolean;
}

interface Stretch {
  readonly from: number;
  readonly to: number;
  readonly busy: boolean;
}

/** A wait gets as much room as this share of the time in which code ran, however long it was. */
const waitShare = 0.15;

export class Timeline {
  readonly #stretches: readonly Stretch[];
  readonly #scale: number;
  readonly #columns: number;
  readonly #busyTime: number;

  constructor(spans: readonly Span[], columns: number) {
    this.#stretches = stretchesOf(spans);
    this.#busyTime = sum(this.#stretches.filter(({ busy }) => busy).map(lengthOf)) || 1;
    this.#columns = columns;
    this.#scale = columns / (sum(this.#stretches.map((each) => this.#room(each))) || 1);
  }

  /** The column of a moment: a fraction, from 0 to the number of columns. */
  at(time: number): number {
    let column = 0;
    for (const stretch of this.#stretches) {
      const passed = Math.min(Math.max(time - stretch.from, 0), lengthOf(stretch));
      const share = lengthOf(stretch) === 0 ? 0 : passed / lengthOf(stretch);
      column += share * this.#room(stretch) * this.#scale;
    }
    return Math.min(column, this.#columns);
  }

  #room(stretch: Stretch): number {
    const length = lengthOf(stretch);
    return stretch.busy ? length : Math.min(length, this.#busyTime * waitShare);
  }
}

/** Cuts the whole time at every moment at which something starts or ends. */
function stretchesOf(spans: readonly Span[]): Stretch[] {
  const moments = [...new Set(spans.flatMap(({ from, to }) => [from, to]))].sort((a, b) => a - b);
  const stretches: Stretch[] = [];
  for (const [index, from] of moments.slice(0, -1).entries()) {
    const to = moments[index + 1] ?? from;
    const busy = spans.some((span) => span.busy && span.from <= from && span.to >= to);
    const last = stretches.at(-1);
    if (last?.busy === busy) stretches[stretches.length - 1] = { ...last, to };
    else stretches.push({ from, to, busy });
  }
  return stretches;
}

const lengthOf = ({ from, to }: Stretch) => to - from;
const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);
