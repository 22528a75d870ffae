// Endpoints other than TCP and UDP behind the daemon of a unit: a FIFO, a unix socket of packets, virtual machines.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { startAcceptd } from '../support/acceptd.ts';
import { becomes } from '../support/becomes.ts';
import { hasProgram, mustRun, searchPath } from '../support/command.ts';
import { compileHandlers } from '../support/compile.ts';

t.setTimeout(180_000);
const handlers = compileHandlers('serve');
const python = '/usr/bin/python3';

const temporary = (t: Test): string => {
  const directory = mkdtempSync(join(tmpdir(), 'acceptd-endpoints-'));
  t.teardown(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

const linesOf = async (path: string): Promise<readonly string[]> =>
  (await readFile(path, 'utf8').catch(() => '')).split('\n').filter((line) => line !== '');

t.test(
  'what is written to a FIFO starts its daemon, and nothing of it is lost between two runs',
  async (t) => {
    const directory = temporary(t);
    const [fifo, out] = [join(directory, 'fifo'), join(directory, 'out')];
    const acceptd = await startAcceptd(t, {
      config: {
        'it.socket': `[Socket]\nListenFIFO=${fifo}\nSocketMode=0620\nRemoveOnStop=yes\n`,
        // one line a run
        'it.service': `[Service]\nExecStart=/bin/sh -c 'read line <&3 && echo "$$LISTEN_FDS $$LISTEN_FDNAMES $$line" >>${out}'\n`,
      },
    });
    t.equal(statSync(fifo).mode & 0o777, 0o620);
    const writer = await open(fifo, 'w');
    await writer.write('first\nsecond\n');
    await becomes(() => acceptd.records.filter(({ event }) => event === 'exited').length >= 2);
    t.strictSame(await linesOf(out), ['1 it.socket first', '1 it.socket second']);
    await writer.close();
    // without a writer it stays open, and the next one is heard
    const next = await open(fifo, 'w');
    await next.write('third\n');
    await becomes(() => acceptd.records.filter(({ event }) => event === 'exited').length >= 3);
    t.equal((await linesOf(out)).at(-1), '1 it.socket third');
    await next.close();
    t.equal(await acceptd.stop(), 0);
    t.throws(() => statSync(fifo), 'it is removed');
  },
);

t.test(
  'a unix socket of packets is given to its daemon',
  { skip: hasProgram(python) ? false : 'needs python3' },
  async (t) => {
    const path = join(temporary(t), 'packets');
    const acceptd = await startAcceptd(t, {
      config: {
        'it.socket': `[Socket]\nListenSequentialPacket=${path}\n`,
        'it.service': `[Service]\nExecStart=${handlers}/serve\n`,
      },
    });
    const client = [
      'import socket',
      's = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)',
      `s.connect(${JSON.stringify(path)})`,
      's.send(b"names\\n")',
      'print(s.recv(100).decode(), end="")',
    ].join('\n');
    t.equal(await mustRun(python, ['-c', client]), '1 it.socket\n');
    t.equal(await acceptd.stop(), 0);
  },
);

const port = 4_000_000_000 - process.pid;
/** CID 1 is this machine itself, where the kernel has that. */
const callItself = (text: string): string =>
  [
    'import socket, sys',
    's = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)',
    's.settimeout(20)',
    `s.connect((1, ${port}))`,
    `s.send(b${JSON.stringify(text)})`,
    'print(s.recv(100).decode(), end="")',
  ].join('\n');

const whyNoVsock = (): string | false => {
  if (!hasProgram(python)) return 'needs python3';
  const trial = [
    'import socket',
    'l = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)',
    'l.bind((socket.VMADDR_CID_ANY, socket.VMADDR_PORT_ANY)); l.listen()',
    's = socket.socket(socket.AF_VSOCK, socket.SOCK_STREAM)',
    's.settimeout(3)',
    's.connect((1, l.getsockname()[1]))',
  ].join('\n');
  const { status } = spawnSync(python, ['-c', trial], {
    env: { PATH: searchPath },
    stdio: 'ignore',
    timeout: 20_000,
  });
  return status === 0 ? false : 'this machine cannot call itself by vsock (vsock_loopback)';
};

t.test(
  'a socket of virtual machines is given to its daemon, and each client to a process',
  { skip: whyNoVsock() },
  async (t) => {
    const acceptd = await startAcceptd(t, {
      config: {
        'it.socket': `[Socket]\nListenStream=vsock::${port}\n`,
        'it.service': `[Service]\nExecStart=${handlers}/serve\n`,
      },
    });
    t.equal(await mustRun(python, ['-c', callItself('names\n')]), '1 it.socket\n');
    t.equal(await acceptd.stop(), 0);
    const each = await startAcceptd(t, {
      config: {
        'it.socket': `[Socket]\nListenStream=vsock::${port}\nAccept=yes\nMaxConnectionsPerSource=1\n`,
        'it@.service':
          '[Service]\nExecStart=/bin/sh -c \'read line; echo "$$REMOTE_ADDR"; read more\'\nStandardInput=socket\n',
      },
    });
    t.match(await mustRun(python, ['-c', callItself('x\n')]), /1/);
    t.equal(await each.stop(), 0);
  },
);
