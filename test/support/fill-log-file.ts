// A process of its own: logs to a disk that becomes full, makes room, and says on standard output what came of it.
import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openKernel } from '../../src/native/kernel.ts';
import { createLogFile } from '../../src/operate/log-file.ts';
import type { LogNotice } from '../../src/operate/log-notice.ts';
import { systemClock } from '../../src/runtime/clock.ts';

const directory = process.argv[2] ?? '';
const kernel = openKernel({ onEnded: () => undefined });
const notices: LogNotice[] = [];
let onFailure = (): void => undefined;
const failed = new Promise<void>((resolve) => {
  onFailure = resolve;
});

// a page is left, and the log takes the first piece of what it is given
writeFileSync(join(directory, 'filler'), Buffer.alloc(56 * 1_024));
const path = join(directory, 'log');
const log = createLogFile(
  path,
  { soft: undefined, hard: undefined },
  {
    kernel,
    clock: systemClock,
    tell: (notice) => {
      notices.push(notice);
      if (notice.kind === 'log-failed') onFailure();
    },
  },
);
const lines = Array.from({ length: 3_000 }, (_, index) => `line ${index}\n`);
for (const line of lines) log.write(line);
await failed;
const sizeWhenFull = statSync(path).size;
rmSync(join(directory, 'filler'));
await log.finish(20_000);
console.log(
  JSON.stringify({
    kinds: notices.map(({ kind }) => kind),
    text: notices[0]?.text,
    sizeWhenFull,
    isWhole: readFileSync(path, 'utf8') === lines.join(''),
  }),
);
kernel.shutDown();
