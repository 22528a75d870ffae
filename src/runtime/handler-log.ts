// What handlers write to stderr: one socket for each service, its lines become events with the writer's pid.
import type { Event, Observer } from '../model/event.ts';
import type { Descriptor, Kernel } from '../native.ts';

export type HandlerLog = {
  /** For the handlers; never read from here. */
  readonly theirs: Descriptor;
  /** No handler will be started with it any more; what the living ones still write is read until they end. */
  readonly retire: () => void;
};

const chunkSize = 16_384;
const longestLine = 8_192;
/** At most so much of one service in one turn of the loop; the rest waits in the socket, and so does its writer. */
const chunksPerTurn = 4;

export const openHandlerLog = (kernel: Kernel, observer: Observer, service: string): HandlerLog => {
  const pair = kernel.openLogPair();
  const ours = kernel.raise(pair.ours);
  const theirs = kernel.raise(pair.theirs);
  const chunk = Buffer.alloc(chunkSize);
  // beginnings of lines, for each writer that stands within one
  const unfinished = new Map<number, string>();

  const say = (pid: number, line: string): void => {
    const event: Event = { kind: 'handler-said', service, pid, line };
    if (line !== '') observer.observe(event);
  };

  const take = (pid: number, text: string): void => {
    const lines = ((unfinished.get(pid) ?? '') + text).split(/\r?\n/);
    const rest = lines.pop() ?? '';
    for (const line of lines) say(pid, line.slice(0, longestLine));
    unfinished.delete(pid);
    if (rest.length > longestLine) say(pid, rest.slice(0, longestLine));
    else if (rest !== '') unfinished.set(pid, rest);
    // a service whose handlers never end a line must not collect memory
    if (unfinished.size > 256) flush();
  };

  const flush = (): void => {
    for (const [pid, rest] of unfinished) say(pid, rest);
    unfinished.clear();
  };

  kernel.watch(ours, () => {
    for (let turn = 0; turn < chunksPerTurn; turn++) {
      const got = kernel.receiveLog(ours, chunk);
      if (got === undefined) return;
      if (got.length === 0) {
        flush();
        kernel.close(ours);
        return;
      }
      take(got.pid, chunk.toString('utf8', 0, got.length));
    }
  });

  return { theirs, retire: () => kernel.close(theirs) };
};
