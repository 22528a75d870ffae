// A program for a guard: leaves descriptors with it, fails, and prints what the next one finds. For guard.test.ts.
import { fstatSync, openSync, writeSync } from 'node:fs';
import { descriptorOf } from '../../src/model/descriptor.ts';
import { sendNotify } from '../../src/native/notify.ts';

const { env } = process;
const address = env['NOTIFY_SOCKET'] ?? '';
const kept = descriptorOf(openSync('/dev/null', 'r'));

const tell = async (
  text: string,
  ...descriptors: readonly ReturnType<typeof descriptorOf>[]
): Promise<void> => {
  for (;;) {
    try {
      sendNotify(address, text, descriptors);
      return;
    } catch {
      // its queue is full
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
};

if (env['ACCEPTD_RESTARTED'] === undefined) {
  const many = Number(process.argv[2]);
  for (let count = 0; count < many; count++) await tell(`FDSTORE=1\nFDNAME=name${count}`, kept);
  for (let count = 1; count < many; count += 2) await tell(`FDSTOREREMOVE=1\nFDNAME=name${count}`);
  await tell('FDSTORE=1\nFDNAME=name0', kept);
  await tell(`FDSTORE=1\nFDNAME=${'long'.repeat(64)}`, kept);
  await tell('FDSTORE=1\nFDNAME=two\nFDNAME=words: none', kept, kept);
  await tell('FDNAME=alone', kept);
  await tell(`X=${'x'.repeat(5000)}\nFDSTORE=1\nFDNAME=cut`, kept);
  await tell('');
  await tell('\n\n=\nFDNAME\nREADY=1\nSTATUS=of the program');
  process.kill(process.pid, 'SIGKILL');
}
const count = Number(env['LISTEN_FDS']);
for (let descriptor = 3; descriptor < 3 + count; descriptor++) fstatSync(descriptor);
writeSync(
  1,
  JSON.stringify({
    isOwn: Number(env['LISTEN_PID']) === process.pid,
    count,
    names: env['LISTEN_FDNAMES']?.split(':'),
    restarted: env['ACCEPTD_RESTARTED'],
    seen: env['SEEN'],
  }),
);
