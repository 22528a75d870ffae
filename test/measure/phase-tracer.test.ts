// A real run against a real acceptd, followed connection by connection.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { measure } from '../../src/measure/measure.ts';
import { openPhaseTracer, type PhaseTracer } from '../../src/measure/phase-tracer.ts';
import type { Request } from '../../src/measure/request.ts';
import type { Phases, Result } from '../../src/measure/result.ts';
import { openTracer } from '../../src/native/tracer.ts';
import { temporaryDirectory } from '../command/stage.ts';
import { me } from '../daemon/scene.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { freePort } from '../support/ports.ts';

const probe = openTracer();
const why = 'unavailable' in probe ? probe.unavailable : false;
if (!('unavailable' in probe)) probe.close();

const requestFor = (port: number): Request => ({
  name: 'test',
  target: `127.0.0.1:${port}`,
  address: { kind: 'tcp', version: 4, host: '127.0.0.1', port },
  clients: 4,
  rate: undefined,
  arrivals: 'even',
  seed: 1,
  duration: undefined,
  count: 200,
  warmUp: 0,
  timeout: 20,
  sends: new Uint8Array(0),
  expects: Buffer.from('there\n'),
  endsAt: 'end of file',
  shutsDown: false,
  resets: true,
  sources: undefined,
  pid: undefined,
});

const startGreeter = async (t: Test) => {
  const port = await freePort();
  const trace = join(temporaryDirectory(t), 'trace');
  // what an earlier run has left there
  writeFileSync(trace, '{"dropped":7}\n');
  const { pid } = await startAcceptd(t, {
    config: `127.0.0.1:${port} stream tcp nowait.0 ${me} /bin/echo echo there\n`,
    arguments: ['--trace', trace],
  });
  return { port, trace, pid };
};

const opened = (tracer: ReturnType<typeof openPhaseTracer>): PhaseTracer => {
  if ('mistake' in tracer) throw new Error(tracer.mistake);
  return tracer;
};

const runWith = async (port: number, tracer: PhaseTracer): Promise<Result & { readonly phases: Phases }> => {
  const measuring = measure(requestFor(port), { hasFloor: false, tracer });
  if ('mistake' in measuring) throw new Error(measuring.mistake);
  const result = await measuring.result;
  const { phases } = result;
  if (phases === undefined) throw new Error('no phases');
  return { ...result, phases };
};

t.test("the steps of acceptd's connections add up to what the client saw", async (t) => {
  const { port, trace } = await startGreeter(t);
  const { phases, connections, latency } = await runWith(port, opened(openPhaseTracer({ trace }, 0)));
  t.ok(connections >= 200);
  t.equal(phases.traced, connections, 'every connection can be followed');
  t.strictSame(
    new Set(phases.sequence.map(({ distribution }) => distribution.count)),
    new Set([connections]),
  );
  const names = phases.sequence.map(({ name }) => name);
  const exec = why === false ? ['exec', 'first byte'] : ['exec and first byte'];
  t.strictSame(names, ['connect', 'accept queue', 'admission', 'clone', 'set-up', ...exec, 'end of file']);
  const sum = phases.sequence.reduce((total, { distribution }) => total + distribution.mean, 0);
  const whole = latency.close.uncorrected.mean;
  t.ok(Math.abs(sum - whole) < whole / 100, `${sum} of ${whole} microseconds`);
  t.notOk(phases.unknown.some((sentence) => /^\d+ lines .* were lost/.test(sentence)));
});

t.test('of any server the kernel tells what its processes did', { skip: why }, async (t) => {
  const { port, pid } = await startGreeter(t);
  const { phases, connections } = await runWith(port, opened(openPhaseTracer({ pid }, 0)));
  t.strictSame(
    phases.sequence.map(({ name, distribution }) => [name, distribution.count]),
    [
      ['start', connections],
      ['handler run', connections],
    ],
  );
});

t.test('a trace that is not there is a mistake', (t) => {
  const directory = temporaryDirectory(t);
  t.match(openPhaseTracer({ trace: join(directory, 'none') }, 0), { mistake: /there is no file .*--trace/ });
  t.match(openPhaseTracer({ trace: directory }, 0), { mistake: /no ordinary file/ });
  t.end();
});
