// No descriptor is left when a daemon is to start: its client waits, and is served once there are some.
import type { Socket } from 'node:net';
import t from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { hasProgram } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';
import { freePorts } from '../support/ports.ts';
import { me } from './scene.ts';

t.setTimeout(180_000);
const handlers = compileHandlers('serve');
const descriptors = 90;

t.test(
  'a daemon that could not say that it is ready is started when there is a socket for that',
  { skip: hasProgram('/usr/bin/prlimit') ? false : 'needs prlimit' },
  async (t) => {
    const [port = 0, filler = 0] = await freePorts(2);
    const acceptd = await startAcceptd(t, {
      config: {
        'whole.socket': `[Socket]\nListenStream=127.0.0.1:${port}\n`,
        'whole.service': `[Service]\nType=notify\nExecStart=${handlers}/serve notify\n`,
        'filler.conf': `127.0.0.1:${filler} stream tcp nowait ${me} internal discard\n`,
      },
      isDirectory: true,
      arguments: ['--drain', '0'],
      under: ['prlimit', `--nofile=${descriptors}:${descriptors}`],
    });
    const clients: Socket[] = [];
    const countOf = (event: string): number =>
      acceptd.records.filter((record) => record.event === event).length;
    while (countOf('refused') === 0 && clients.length < descriptors) {
      const client = await connect(filler);
      clients.push(client.on('error', () => undefined).resume());
      await acceptd.waitFor(
        () => countOf('builtin-started') + countOf('refused') >= clients.length,
        `what becomes of client ${clients.length}`,
      );
    }
    const from = acceptd.records.length;
    const answer = exchange(port, 'pid\n', { halfClose: false, timeout: 60_000 });
    await acceptd.waitFor(({ event }) => event === 'shortage', 'what its start meets', from);
    for (const client of clients) client.destroy();
    t.match(await answer, /^pid \d+\n$/, 'who has waited is served');
    await acceptd.waitFor(({ event }) => event === 'daemon-ready', 'its readiness', from);
    t.notOk(acceptd.records.slice(from).some(({ event }) => event === 'refused'));
    t.equal(await acceptd.stop(), 0);
  },
);
