// Nobody is refused and nobody is reset while a daemon is restarted again and again.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import t from 'tap';
import { plainDaemon, plainLifetime } from '../../../src/model/daemon.ts';
import { seconds } from '../../../src/model/quantity.ts';
import { plainSurroundings } from '../../../src/model/service.ts';
import { ask, daemonService, openSupervisor } from '../../support/daemons.ts';
import { freePort } from '../../support/ports.ts';
import { resolved, tcp } from '../../support/services.ts';

const { supervisor, events, directory } = openSupervisor(t);
const clients = 400;
const restarts = 10;
/** 200 connections a second. */
const pace = 5;

type Outcome = 'served' | string;

/** Clients at an even pace until all restarts are through; how they all fared. */
const harass = async (id: string, client: () => Promise<Outcome>) => {
  let isOver = false;
  const outcomes: Promise<Outcome>[] = [];
  const more = new Promise<void>((resolve) => {
    const timer = setInterval(() => {
      outcomes.push(client().catch((error: unknown) => String(error)));
      if (!isOver || outcomes.length < clients) return;
      clearInterval(timer);
      resolve();
    }, pace);
  });
  const failures: unknown[] = [];
  for (let count = 0; count < restarts; count++) failures.push(await supervisor.restart(id));
  isOver = true;
  await more;
  return { failures: failures.filter(Boolean), outcomes: await Promise.all(outcomes) };
};

t.test('a server that accepts one after the other', async (t) => {
  const port = await freePort();
  await supervisor.apply([
    daemonService(directory, [tcp('127.0.0.1', port)], {
      id: 'plain',
      words: ['notify'],
      daemon: { type: 'notify' },
    }),
  ]);
  const { failures, outcomes } = await harass('plain', async () =>
    /^pid \d+$/.test(await ask(port)) ? 'served' : 'nothing',
  );
  t.strictSame(failures, []);
  t.strictSame(
    outcomes.filter((each) => each !== 'served'),
    [],
  );
  t.ok(outcomes.length >= clients);
  t.equal(
    new Set(events.flatMap((event) => (event.kind === 'daemon-ready' ? [event.pid] : []))).size,
    restarts,
  );
});

const nginx = '/usr/sbin/nginx';

const fetchOnce = (port: number): Promise<Outcome> =>
  new Promise((resolve, reject) => {
    const sent = request({ host: '127.0.0.1', port, path: '/', agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        body += part;
      });
      response.on('end', () => resolve(body === 'nginx-ok\n' ? 'served' : `answered ${body}`));
      response.on('error', reject);
    });
    sent.on('error', reject);
    sent.end();
  });

t.test(
  'nginx, which is asked to finish what it has begun',
  { skip: existsSync(nginx) ? false : 'nginx is not there' },
  async (t) => {
    const port = await freePort();
    const folder = join(directory, 'nginx');
    mkdirSync(folder, { mode: 0o755 });
    const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (each) => `${each}_temp_path ${folder}/${each};`,
    );
    writeFileSync(
      join(folder, 'n.conf'),
      `daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr info; ${process.getuid?.() === 0 ? 'user root;' : ''}
events {} http { access_log off; ${places.join(' ')} server { listen 127.0.0.1:${port}; location / { return 200 "nginx-ok\\n"; } } }\n`,
    );
    await supervisor.apply([
      resolved('nginx', [tcp('127.0.0.1', port)], {
        mode: 'whole-socket',
        answer: { kind: 'program', file: nginx, arguments: ['nginx', '-p', folder, '-c', 'n.conf'] },
        surroundings: { ...plainSurroundings, stdin: 'null', stdout: 'log', stderr: 'log' },
        daemon: { ...plainDaemon, activation: 'nginx' },
        lifetime: {
          ...plainLifetime,
          ending: { ...plainLifetime.ending, mode: 'mixed', signal: 3, timeout: seconds(10) },
        },
      }),
    ]);
    t.equal(await fetchOnce(port), 'served', 'the first client starts it');
    const { failures, outcomes } = await harass('nginx', () => fetchOnce(port));
    t.strictSame(failures, []);
    t.strictSame(
      outcomes.filter((each) => each !== 'served'),
      [],
    );
    t.ok(outcomes.length >= clients);
  },
);
