// Followers of the log: each gets its records as lines of JSON, as fast as it reads, and is told how many it was too slow for.
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../model/clock.ts';
import type { LogRecord } from '../../model/control.ts';
import { seconds } from '../../model/quantity.ts';
import type { Desk } from './desk.ts';

export const mostFollowers = 16;
/** What waits for a slow reader at most; more is lost. */
const mostWaiting = 256 * 1024;
/** An empty line that often tells both ends that the other one is there. */
const heartbeat = seconds(15);

export const createFollowers = (clock: Clock, desk: Pick<Desk, 'follow'>) => {
  const endings = new Set<() => void>();

  const lostRecord = (count: number): LogRecord => ({
    level: 'warn',
    time: clock.wallClock().toISOString(),
    event: 'log-dropped',
    count,
    msg: `${count} log records were lost`,
  });

  /** False: there are too many already. */
  const follow = (response: ServerResponse, service: string | undefined): boolean => {
    if (endings.size >= mostFollowers) return false;
    let lost = 0;
    let cancel = (): void => undefined;

    const write = (record: LogRecord): void => {
      response.write(`${JSON.stringify(record)}\n`);
    };
    const tellLost = (): void => {
      if (lost === 0) return;
      write(lostRecord(lost));
      lost = 0;
    };
    const hasRoom = (): boolean => response.writableLength < mostWaiting;
    const onRecord = (record: LogRecord): void => {
      if (!hasRoom()) {
        lost += 1;
        return;
      }
      tellLost();
      write(record);
    };
    const beat = (): void => {
      if (hasRoom()) response.write('\n');
      cancel = clock.after(heartbeat, beat);
    };

    const stop = desk.follow(service, onRecord);
    const end = (): void => {
      if (!endings.delete(end)) return;
      cancel();
      stop();
      response.end();
    };
    endings.add(end);
    response.on('close', end);
    response.on('drain', tellLost);
    response.shouldKeepAlive = false;
    response.writeHead(200, { 'content-type': 'application/x-ndjson', 'cache-control': 'no-store' });
    response.flushHeaders();
    cancel = clock.after(heartbeat, beat);
    return true;
  };

  return {
    follow,
    end: (): void => {
      for (const end of [...endings]) end();
    },
  };
};
