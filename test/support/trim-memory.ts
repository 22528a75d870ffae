// A process of its own: says its resident kibibytes before and after trimMemory(), and that it works on.
import { readFileSync } from 'node:fs';
import { openKernel } from '../../src/native/kernel.ts';

const kernel = openKernel({ onEnded: () => undefined });
const resident = (): number =>
  Number(/^VmRSS:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);

const before = resident();
kernel.trimMemory();
const after = resident();
kernel.trimMemory();
console.log(JSON.stringify({ before, after, sum: [1, 2, 3].reduce((one, other) => one + other) }));
kernel.shutDown();
