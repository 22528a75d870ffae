// Answers that take time: remembered for a while, asked for once however many want them, and never waited for too long.
import type { Clock } from '../model/clock.ts';
import type { Milliseconds } from '../model/quantity.ts';

/** `keep`: for how long it is good. */
export type Found<Value> = { readonly value: Value; readonly keep: Milliseconds };

export type Inquiries<Value> = {
  readonly known: (key: string) => Value | undefined;
  /** `find` must not reject. It is called at most once at a time for a key. */
  readonly ask: (key: string, find: () => Promise<Found<Value>>) => Promise<Value>;
};

export type InquiryOptions<Value> = {
  readonly clock: Clock;
  /** Answers that are remembered; beyond it the oldest is forgotten. */
  readonly capacity: number;
  readonly deadline: Milliseconds;
  /** What is answered after the deadline. What is found later is remembered all the same. */
  readonly overdue: (key: string) => Found<Value>;
};

export const createInquiries = <Value>({
  clock,
  capacity,
  deadline,
  overdue,
}: InquiryOptions<Value>): Inquiries<Value> => {
  const answers = new Map<string, { readonly value: Value; readonly until: number }>();
  const searches = new Map<string, Promise<Value>>();
  const waits = new Map<string, Promise<Value>>();

  const remember = (key: string, { value, keep }: Found<Value>): Value => {
    if (keep <= 0) return value;
    answers.delete(key);
    answers.set(key, { value, until: clock.now() + keep });
    const [oldest] = answers.keys();
    if (answers.size > capacity && oldest !== undefined) answers.delete(oldest);
    return value;
  };

  const known = (key: string): Value | undefined => {
    const answer = answers.get(key);
    if (answer === undefined || answer.until > clock.now()) return answer?.value;
    answers.delete(key);
    return undefined;
  };

  const search = async (key: string, find: () => Promise<Found<Value>>): Promise<Value> => {
    const value = remember(key, await find());
    searches.delete(key);
    return value;
  };

  /** The end of a search, or of the time for it. */
  const wait = async (key: string, searching: Promise<Value>): Promise<Value> => {
    const value = await new Promise<Value>((resolve) => {
      const cancel = clock.after(deadline, () => resolve(remember(key, overdue(key))));
      void searching.then((found) => {
        cancel();
        resolve(found);
      });
    });
    waits.delete(key);
    return value;
  };

  return {
    known,
    ask: (key, find) => {
      const answer = known(key);
      if (answer !== undefined) return Promise.resolve(answer);
      // one that is overdue may still be under way: it is not begun again
      const searching = searches.get(key) ?? search(key, find);
      searches.set(key, searching);
      const waiting = waits.get(key) ?? wait(key, searching);
      waits.set(key, waiting);
      return waiting;
    },
  };
};
