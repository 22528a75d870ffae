// What /proc says of processes, compared with what they know of themselves.
import { spawn } from 'node:child_process';
import t from 'tap';
import {
  countOwnDescriptors,
  mostProcesses,
  readEach,
  readMemory,
  readOwnPrivateMemory,
  readProcessorTime,
} from '../../../src/operate/control/process-files.ts';

const gone = 2 ** 22 + 1;

t.test('memory and time of a process', async (t) => {
  const memory = (await readMemory(process.pid)) ?? 0;
  const own = process.memoryUsage.rss();
  t.ok(memory > own / 2 && memory < own * 2, `${memory} of ${own}`);
  const { user, system } = process.cpuUsage();
  const time = (await readProcessorTime(process.pid)) ?? 0;
  t.ok(time > 0 && time <= (user + system) / 1_000_000 + 5, `${time}`);
  t.equal(await readMemory(gone), undefined);
  t.equal(await readProcessorTime(gone), undefined);
});

t.test('a name with brackets and spaces confuses nobody', async (t) => {
  const child = spawn('/bin/sh', ['-c', 'printf ") 1 (" >/proc/self/comm; echo; read line'], {
    stdio: 'pipe',
  });
  t.teardown(() => child.kill());
  await new Promise((resolve) => child.stdout.once('data', resolve));
  const time = await readProcessorTime(child.pid ?? 0);
  t.ok(time !== undefined && time < 60, `${time}`);
});

t.test('of thousands only some are read', async (t) => {
  const asked: number[] = [];
  const found = await readEach(
    Array.from({ length: 1000 }, (_, index) => index),
    async (pid) => {
      asked.push(pid);
      return pid % 2 === 0 ? pid : undefined;
    },
  );
  t.equal(asked.length, mostProcesses);
  t.equal(found.size, mostProcesses / 2);
});

t.test('acceptd itself', async (t) => {
  const own = await readOwnPrivateMemory();
  t.ok(own === null || own > 1_000_000);
  t.ok((await countOwnDescriptors()) > 3);
});
