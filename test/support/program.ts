// Runs a program in a process that has an engine: node:child_process would not hear of its end.
import { openSync } from 'node:fs';
import { type Descriptor, descriptorOf } from '../../src/model/descriptor.ts';
import { type Engine, recipeOf } from './engine.ts';

/** What writers of a log pair write, until all are gone. */
export const readOutput = ({ kernel }: Engine, ours: Descriptor): Promise<string> =>
  new Promise((resolve) => {
    const buffer = new Uint8Array(4096);
    let text = '';
    kernel.watch(ours, () => {
      for (;;) {
        const part = kernel.receiveLog(ours, buffer);
        if (part === undefined) return;
        if (part.length === 0) break;
        text += Buffer.from(buffer.subarray(0, part.length)).toString();
      }
      kernel.close(ours);
      resolve(text);
    });
  });

/** Its stdout and stderr together, and its status as wait4(2) gives it. */
export const runHere = async (
  engine: Engine,
  file: string,
  args: readonly string[],
): Promise<{ readonly text: string; readonly status: number }> => {
  const { kernel } = engine;
  const { ours, theirs } = kernel.openLogPair();
  const nothing = descriptorOf(openSync('/dev/null', 'r'));
  const recipe = recipeOf(kernel, file, {
    arguments: [file, ...args],
    environment: ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'LC_ALL=C'],
    layout: ['handed', theirs, theirs],
  });
  const pid = kernel.spawn(recipe, nothing, undefined, 'give');
  kernel.close(theirs);
  const [text, { status }] = await Promise.all([readOutput(engine, ours), engine.ended(pid)]);
  return { text, status };
};
