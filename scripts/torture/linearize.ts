/*
 * Whether a recorded history of concurrent operations could have come from one copy that does one operation at a time.
 * The search is that of Wing and Gong (1993) with Lowe's memory of what was tried (2017): each step takes an operation
 * that nothing before it must precede, and steps back when an operation has ended that could not be placed.
 */

/** One operation of one client. Times are of one clock, in any unit. */
export interface Operation<C> {
  readonly call: C;
  readonly start: number;
  /** Absent when it never answered: it may have happened at any time after its start, or not at all. */
  readonly end?: number;
}

/** What one copy would do. */
export interface Model<S, C> {
  readonly initial: S;
  /** The state after the call; undefined when it could not have answered so in this state. */
  step(state: S, call: C, answered: boolean): { state: S } | undefined;
  /** Equal states have equal keys. */
  key(state: S): string;
}

/** What comes before the first moment, or is one. */
interface Link<C> {
  after: Moment<C> | undefined;
}

/** Two of these stand for an operation: its start, and its end if it has one. */
interface Moment<C> extends Link<C> {
  readonly operation: Operation<C>;
  readonly index: number;
  readonly isStart: boolean;
  before: Link<C> | undefined;
  /** The end that belongs to a start. */
  end: Moment<C> | undefined;
}

/**
 * Pure: undefined when the history is linearizable, else the operation that the longest order it has could not take:
 * it ended, and in no order does it fit where it must have happened.
 */
export function findViolation<S, C>(
  history: readonly Operation<C>[],
  model: Model<S, C>,
): Operation<C> | undefined {
  const head = lineUp(history);
  const tried = new Set<string>();
  const placed: { moment: Moment<C>; state: S }[] = [];
  let state = model.initial;
  let taken = 0n;
  let waiting = history.filter(({ end }) => end !== undefined).length;
  let furthest = { placed: -1, culprit: undefined as Operation<C> | undefined };
  let moment = head.after;

  while (waiting > 0) {
    if (moment === undefined) throw new Error("A history has an end without its start.");
    if (moment.isStart) {
      const { operation } = moment;
      const next = model.step(state, operation.call, operation.end !== undefined);
      const bit = 1n << BigInt(moment.index);
      const key = next && `${taken | bit} ${model.key(next.state)}`;
      if (next === undefined || key === undefined || tried.has(key)) {
        moment = moment.after;
        continue;
      }
      tried.add(key);
      placed.push({ moment, state });
      state = next.state;
      taken |= bit;
      if (operation.end !== undefined) waiting--;
      lift(moment);
      moment = head.after;
      continue;
    }
    if (placed.length > furthest.placed) furthest = { placed: placed.length, culprit: moment.operation };
    const last = placed.pop();
    if (last === undefined) return furthest.culprit;
    state = last.state;
    taken &= ~(1n << BigInt(last.moment.index));
    if (last.moment.operation.end !== undefined) waiting++;
    putBack(last.moment);
    moment = last.moment.after;
  }
  return undefined;
}

/** All moments in the order of time, behind a head. Of one time, starts come first: such operations overlap. */
function lineUp<C>(history: readonly Operation<C>[]): Link<C> {
  const moments = history.flatMap((operation, index) => {
    const none = { before: undefined, after: undefined, end: undefined };
    const start: Moment<C> = { operation, index, isStart: true, ...none };
    if (operation.end === undefined) return [{ moment: start, at: operation.start }];
    start.end = { operation, index, isStart: false, ...none };
    return [
      { moment: start, at: operation.start },
      { moment: start.end, at: operation.end },
    ];
  });
  moments.sort((a, b) => a.at - b.at || Number(b.moment.isStart) - Number(a.moment.isStart));
  const head: Link<C> = { after: undefined };
  let last = head;
  for (const { moment } of moments) {
    last.after = moment;
    moment.before = last;
    last = moment;
  }
  return head;
}

/** Takes an operation out of the line. */
function lift<C>(moment: Moment<C>): void {
  unlink(moment);
  if (moment.end !== undefined) unlink(moment.end);
}

/** Undoes `lift`; in reverse, since each still knows its neighbours. */
function putBack<C>(moment: Moment<C>): void {
  if (moment.end !== undefined) link(moment.end);
  link(moment);
}

function unlink<C>(moment: Moment<C>): void {
  if (moment.before !== undefined) moment.before.after = moment.after;
  if (moment.after !== undefined) moment.after.before = moment.before;
}

function link<C>(moment: Moment<C>): void {
  if (moment.before !== undefined) moment.before.after = moment;
  if (moment.after !== undefined) moment.after.before = moment;
}
