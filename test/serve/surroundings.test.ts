// What a handler of one connection finds: every combination of its standard streams, and the variables of systemd's services.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Descriptor } from '../../src/model/descriptor.ts';
import type { RecipeRequest } from '../../src/model/recipe.ts';
import type { ResolvedService, Stream, Surroundings } from '../../src/model/service.ts';
import { findHost, type Host } from '../../src/serve/host.ts';
import { recipeRequest } from '../../src/serve/surroundings.ts';
import { compileHandlers } from '../support/compile.ts';
import { connectTo, listenAt, loopback, openEngine } from '../support/engine.ts';
import { type Report, readReport } from '../support/report.ts';
import { resolved, tcp } from '../support/services.ts';

const report = join(compileHandlers('report'), 'report');
const place = mkdtempSync(join(tmpdir(), 'acceptd-surroundings-'));
process.once('exit', () => rmSync(place, { recursive: true, force: true }));
const { kernel, ended } = openEngine(t);
const listener = listenAt(kernel, loopback(4));
const where = { host: '127.0.0.1', port: kernel.portOf(listener) };
const { descriptorLimit } = kernel;
const host: Host = {
  ...findHost({ environment: { LANG: 'C.UTF-8' }, descriptorLimit }),
  userName: 'acceptd',
};

const serviceOf = (
  surroundings: Partial<Surroundings>,
  rest: Partial<ResolvedService> = {},
): ResolvedService => {
  const plain = resolved('report', [tcp('127.0.0.1', where.port)], {
    answer: { kind: 'program', file: report, arguments: ['report'] },
  });
  return { ...plain, surroundings: { ...plain.surroundings, ...surroundings }, ...rest };
};

const program = { file: report, arguments: ['report'] };

/** One that reports to a file: a stream of its own may be anything. */
const find = async (request: RecipeRequest): Promise<Report & { readonly pid: number }> => {
  const output = join(place, 'output');
  const { client, accepted } = await connectTo(kernel, listener, where);
  client.resume();
  const script = `${report} >${output}`;
  const shell = { ...request, file: '/bin/sh', arguments: ['sh', '-c', `exec ${script}`] };
  const withOutput = request.layout[1] === 'handed' || typeof request.layout[1] !== 'object';
  const pid = kernel.spawn(
    kernel.compileRecipe(withOutput ? shell : request),
    accepted.descriptor,
    accepted.record,
    'give',
  );
  const { status, failure } = await ended(pid);
  client.destroy();
  if (status !== 0) throw new Error(`it ended with ${status}: ${failure?.what}`);
  return { pid, ...readReport(readFileSync(output, 'utf8')) };
};

const file = { path: join(place, 'log'), how: 'append' } as const;

t.test('each stream is what the service says, in every combination', async (t) => {
  const log = kernel.openNull();
  const inputs: readonly Stream[] = ['client', 'null', { path: '/dev/null', how: 'read' }];
  const outputs: readonly Stream[] = ['client', 'null', 'log', file];
  const entryOf = (stream: Stream) => (stream === 'client' ? 'handed' : stream === 'log' ? log : stream);
  for (const stdin of inputs) {
    for (const stdout of outputs) {
      for (const stderr of outputs) {
        for (const hasFd3 of [false, true]) {
          const request = recipeRequest(serviceOf({ stdin, stdout, stderr, hasFd3 }), program, host, log);
          const standard = [entryOf(stdin), entryOf(stdout), entryOf(stderr)];
          t.strictSame(request.layout, hasFd3 ? [...standard, 'handed'] : standard);
        }
      }
    }
  }
  const withoutLog = recipeRequest(serviceOf({ stderr: 'log' }), program, host, undefined);
  t.equal(withoutLog.layout[2], 'null', 'where there is no descriptor for a log');
  kernel.close(log);
});

t.test('StandardInput=socket: the connection is all three streams, and nobody speaks of it', async (t) => {
  const streams = { stdin: 'client', stdout: 'client', stderr: 'client', hasFd3: false } as const;
  const { all, environment } = await find(
    recipeRequest(serviceOf({ ...streams, hasUnitVariables: true }), program, host, undefined),
  );
  const kinds = all('descriptor').map((each) => each.split(' ').slice(0, 2).join(' '));
  t.strictSame(kinds, ['0 socket', '1 other', '2 socket']);
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_FDNAMES', 'LISTEN_PIDFDID']) {
    t.equal(environment[name], undefined, name);
  }
});

t.test('by default: /dev/null, the log, and the connection at descriptor 3 with its name', async (t) => {
  const streams = { stdin: 'null', stdout: 'null', stderr: 'null', hasFd3: true } as const;
  const credentials = {
    userName: 'daemon',
    uid: host.uid,
    gid: host.gid,
    groups: host.groups,
    home: '/home/daemon',
    shell: '/bin/sh',
  };
  const found = await find(
    recipeRequest(
      serviceOf(
        { ...streams, descriptorName: 'call', hasUnitVariables: true, hasAddressVariables: false },
        { credentials },
      ),
      program,
      host,
      undefined,
    ),
  );
  const kinds = found.all('descriptor').map((each) => each.split(' ').slice(0, 2).join(' '));
  t.strictSame(kinds, ['0 device', '1 other', '2 device', '3 socket']);
  const {
    LISTEN_PIDFDID: inode,
    INVOCATION_ID: invocation,
    SO_COOKIE: cookie,
    REMOTE_PORT: port,
    PWD: _,
    ...rest
  } = found.environment;
  t.equal(inode, found.one('pidfd'));
  t.match(invocation, /^[0-9a-f]{32}$/);
  for (const each of [cookie, port]) t.match(each, /^[0-9]+$/);
  t.strictSame(rest, {
    PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    LANG: 'C.UTF-8',
    USER: 'daemon',
    LOGNAME: 'daemon',
    HOME: '/home/daemon',
    SHELL: '/bin/sh',
    LISTEN_FDS: '1',
    LISTEN_PID: `${found.pid}`,
    LISTEN_FDNAMES: 'call',
    REMOTE_ADDR: '127.0.0.1',
    SYSTEMD_EXEC_PID: `${found.pid}`,
  });
});

t.test('who asks for none of it finds none of it, and costs none of it', async (t) => {
  const request = recipeRequest(
    serviceOf({ hasFd3: false, hasAddressVariables: false }),
    program,
    host,
    undefined,
  );
  t.match(request, {
    environment: [/^PATH=/],
    addressVariables: [],
    pidVariables: [],
    hasPidfdVariable: false,
    hasInvocationId: false,
    privileges: undefined,
    scheduling: undefined,
    ignoresPipe: false,
  });
});

t.test('what is configured is stronger than what a start fills in', async (t) => {
  const environment = ['LISTEN_PID', 'REMOTE_ADDR', 'INVOCATION_ID', 'USER', 'LISTEN_PIDFDID'].map(
    (name) => ({
      name,
      value: 'mine',
    }),
  );
  const found = await find(
    recipeRequest(serviceOf({ environment, hasUnitVariables: true }), program, host, undefined),
  );
  for (const { name } of environment) {
    t.strictSame(
      found.all('environment').filter((each) => each.startsWith(`${name}=`)),
      [`${name}=mine`],
    );
  }
});

t.test('whom acceptd runs as is who it is where nobody is named', async (t) => {
  const { environment } = await find(
    recipeRequest(serviceOf({ hasUnitVariables: true }), program, host, undefined),
  );
  t.strictSame([environment['USER'], environment['HOME']], ['acceptd', undefined]);
});

t.test('scheduling and privileges are told in the kernel’s numbers', async (t) => {
  const { process: plain } = serviceOf({});
  const scheduling = {
    policy: undefined,
    priority: undefined,
    resetsOnFork: false,
    affinity: [1],
    ioClass: undefined,
    ioPriority: undefined,
    oomScoreAdjust: -5,
  } as const;
  const requestWith = (rest: Partial<typeof plain>) =>
    recipeRequest(serviceOf({}, { process: { ...plain, ...rest } }), program, host, undefined);
  t.strictSame(requestWith({ scheduling }).scheduling, {
    scheduler: undefined,
    affinity: [1],
    ioPriority: undefined,
    oomScoreAdjust: -5,
  });
  const real = { ...scheduling, policy: 'rr', ioClass: 'realtime' } as const;
  t.match(requestWith({ scheduling: real }).scheduling, {
    scheduler: { policy: 2, priority: 1, resetsOnFork: false },
    ioPriority: (1 << 13) | 4,
  });
  const idle = { ...scheduling, resetsOnFork: true, ioClass: 'idle', ioPriority: 7 } as const;
  t.match(requestWith({ scheduling: idle }).scheduling, {
    scheduler: { policy: 0, priority: 0, resetsOnFork: true },
    ioPriority: 3 << 13,
  });
  const privileges = {
    bounding: ['chown', 'checkpoint_restore'],
    ambient: ['kill'],
    secureBits: undefined,
    noNewPrivileges: true,
  };
  t.strictSame(requestWith({ privileges }).privileges, {
    bounding: [0, 40],
    ambient: [5],
    secureBits: undefined,
    noNewPrivileges: true,
  });
});

const close = (descriptor: Descriptor): void => kernel.close(descriptor);
t.teardown(() => close(listener));
