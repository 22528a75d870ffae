// One adoption in a process of its own, for the tests in which that process is not as others: PROGRAM UID STEP...
import { once } from 'node:events';
import { connect } from 'node:net';
import { openAdoptionStage } from './adoption.ts';
import { openEngine, readAll } from './engine.ts';
import { freePort } from './ports.ts';
import { tcp } from './services.ts';

const [, , program = '', uid = '', ...steps] = process.argv;
if (uid !== '' && process.getuid?.() === 0) {
  process.setgroups?.([]);
  process.setgid?.(Number(uid));
  process.setuid?.(Number(uid));
}
const engine = openEngine({ teardown: () => undefined });
const port = await freePort();
const stage = openAdoptionStage(engine, [tcp('127.0.0.1', port)]);
const client = connect(port, '127.0.0.1');
await once(client, 'connect');
// whom nobody has served is reset when the listener is closed
const answer = readAll(client).catch(() => '');
const run = stage.start(
  program,
  steps.map((step) => step.replace('PORT', `${port}`)),
);
const text = await run.output;
const { failure } = await run.ended;
run.end();
stage.close();
const { events, failures } = run;
console.log(JSON.stringify({ text, answer: await answer, failure, failures, events }));
engine.kernel.shutDown();
