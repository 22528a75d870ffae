// Cases about running it: reloads, log files that are renamed, log files with limits.
import { readFileSync, renameSync, statSync } from 'node:fs';
import t from 'tap';
import { knock, refused } from '../support/knock.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { visit } from './stage.ts';
import { createDesk, handlers, served, service, serviceNamed, seven, startWith } from './xinetd-stage.ts';

const staying = [`server = ${handlers}/attend`, 'server_args = stay x'] as const;

t.test('51: a reload never ends what is running, whatever becomes of its service', async (t) => {
  const [b = 0, moved = 0, sentinel = 0] = await freePorts(3);
  const rest = serviceNamed('sentinel', sentinel);
  const changes: Readonly<Record<string, string>> = {
    'only_from is tightened': service(b, ...staying, `only_from = ${seven}`),
    'the service is removed': '',
    'its port is another': service(moved, ...staying),
    'it is bound to one address': service(b, ...staying, 'bind = 127.0.0.1'),
  };
  const acceptd = await startWith(t, service(b, ...staying) + rest);
  for (const [what, text] of Object.entries(changes)) {
    await acceptd.reload(service(b, ...staying) + rest);
    const guest = await visit(b);
    const [pid = ''] = (await guest.firstLine()).split(' ');
    const applied = await acceptd.reload(text + rest);
    t.equal(applied.event, 'applied', what);
    t.doesNotThrow(() => process.kill(Number(pid), 0), `${what}: it lives on`);
    t.equal(await knock('127.0.0.1', sentinel), served, `${what}: others are not concerned`);
    await guest.leave();
    await acceptd.waitFor((record) => record.event === 'exited' && record.pid === Number(pid), 'its end');
  }
  await acceptd.reload(service(b) + rest);
  const refusal = await acceptd.reload(service(b, 'nice = abc') + serviceNamed('sentinel', moved));
  t.equal(refusal.event, 'reload-refused', 'a broken file changes nothing');
  t.equal(await knock('127.0.0.1', b), served, 'also of the service whose entry is broken');
  t.equal(await knock('127.0.0.1', moved), refused, 'nor of any other');
});

t.test('52: a log file that was renamed is made anew by a reload', async (t) => {
  const desk = createDesk(t);
  const port = await freePort();
  const text = desk.defaults() + service(port);
  const acceptd = await startWith(t, text);
  t.equal(await knock('127.0.0.1', port), served);
  await desk.untilEntries((all) => all.some((each) => each.startsWith('EXIT')));
  const old = `${desk.log}.1`;
  renameSync(desk.log, old);
  const before = readFileSync(old, 'utf8');
  await acceptd.reload(text);
  t.equal(await knock('127.0.0.1', port), served);
  await desk.untilEntries((all) => all.some((each) => each.startsWith('EXIT')));
  t.equal(readFileSync(old, 'utf8'), before, 'nothing more is written to the old one');
});

t.test('61: a log file warns at its soft limit, ends at its hard one, and the service goes on', async (t) => {
  const desk = createDesk(t);
  const port = await freePort();
  const acceptd = await startWith(
    t,
    [
      'defaults\n{',
      `log_type = FILE ${desk.log} 300 500`,
      'log_on_success = PID HOST EXIT DURATION',
      '}',
      service(port),
    ].join('\n'),
  );
  for (let client = 0; client < 15; client++) t.equal(await knock('127.0.0.1', port), served);
  await acceptd.waitFor(
    () => acceptd.records.filter(({ event }) => event === 'exited').length === 15,
    'the end of all of them',
  );
  t.equal(await acceptd.stop(), 0);
  const size = statSync(desk.log).size;
  t.ok(size >= 300 && size <= 500 + 80, `${size} bytes`);
  const told = acceptd
    .output()
    .split('\n')
    .filter((line) => /limit/.test(line) && line.includes(desk.log));
  t.equal(told.length, 2, `one warning and one end, not one a line:\n${told.join('\n')}`);
});
