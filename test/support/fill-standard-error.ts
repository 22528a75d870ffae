// A process of its own: writes to its standard error until that is full, and says on standard output how much it took.
import { openKernel } from '../../src/native/kernel.ts';

const kernel = openKernel({ onEnded: () => undefined });
const bytes = Buffer.alloc(10_000, '.');
let written = 0;
for (let taken = 1; taken > 0; written += taken) taken = kernel.write(kernel.standardError, bytes) ?? 0;
console.log(written);
kernel.shutDown();
