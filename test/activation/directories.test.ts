// Directories of a unit with Accept=yes: there for each client, with their owner, until the service has gone.
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { inOwnMounts } from '../conformance/xinetd-stage.ts';
import { enter, leave } from '../daemon/scene.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { becomes } from '../support/becomes.ts';
import { exchange } from '../support/client.ts';
import { hasProgram, isRoot } from '../support/command.ts';
import { freePorts } from '../support/ports.ts';

const skip = isRoot && hasProgram('/usr/bin/unshare') ? false : 'needs root, and mounts of its own';
const kinds = ['RUNTIME', 'STATE', 'CACHE', 'LOGS', 'CONFIGURATION'] as const;
const roots = ['/run', '/var/lib', '/var/cache', '/var/log', '/etc'] as const;

t.test(
  'an instance finds its directories, and the last one takes the runtime directory with it',
  { skip },
  async (t) => {
    const [port = 0, stay = 0] = await freePorts(2);
    const script = `for d in ${kinds.map((kind) => `$$${kind}_DIRECTORY`).join(' ')}; do stat -c "%%n %%a %%U" $$d; done; touch $$RUNTIME_DIRECTORY/$$$$`;
    const directories = [
      'RuntimeDirectory=acceptd-it',
      'RuntimeDirectoryMode=0750',
      'StateDirectory=acceptd-it/deep',
      'StateDirectoryMode=0700',
      'CacheDirectory=acceptd-it',
      'LogsDirectory=acceptd-it',
      'ConfigurationDirectory=acceptd-it',
      'User=nobody',
      'StandardInput=socket',
    ];
    const unit = (...lines: readonly string[]): string => [...lines, ''].join('\n');
    const acceptd = await startAcceptd(t, {
      config: {
        'stay.socket': unit('[Socket]', 'Accept=yes', `ListenStream=127.0.0.1:${stay}`),
        'stay@.service': unit('[Service]', 'ExecStart=/bin/cat', ...directories),
        'it.socket': unit('[Socket]', 'Accept=yes', `ListenStream=127.0.0.1:${port}`),
        'it@.service': unit('[Service]', `ExecStart=/bin/sh -c '${script}'`, ...directories),
      },
      isDirectory: true,
      // nothing of this machine is touched
      under: inOwnMounts(
        'mount --make-rprivate /',
        ...roots.slice(0, 4).map((root) => `mount -t tmpfs tmpfs ${root}`),
        'mkdir /run/etc',
        'cp -a /etc/. /run/etc',
        'mount --bind /run/etc /etc',
      ),
    });
    const inside = (path: string): string => join(`/proc/${acceptd.pid}/root`, path);
    t.notOk(existsSync(inside('/run/acceptd-it')), 'nothing is made before a client comes');
    const expected = [
      '/run/acceptd-it 750 nobody',
      '/var/lib/acceptd-it/deep 700 nobody',
      '/var/cache/acceptd-it 755 nobody',
      '/var/log/acceptd-it 755 nobody',
      '/etc/acceptd-it 755 root',
      '',
    ].join('\n');
    // who comes while they are made waits for the same
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => exchange(port, '', { timeout: 60_000 })),
    );
    t.strictSame([...new Set(answers)], [expected]);
    const guest = await enter(stay);
    for (const name of ['stay.socket', 'stay@.service', 'it.socket', 'it@.service'])
      rmSync(join(acceptd.directory, name));
    const from = acceptd.records.length;
    acceptd.signal('SIGHUP');
    await acceptd.waitFor(({ event }) => event === 'applied', 'the reload', from);
    t.ok(existsSync(inside('/run/acceptd-it')), 'somebody uses it');
    await leave(guest);
    await becomes(() => !existsSync(inside('/run/acceptd-it')));
    t.notOk(existsSync(inside('/run/acceptd-it')), 'with the last one it is gone');
    for (const root of roots.slice(1)) t.ok(existsSync(inside(`${root}/acceptd-it`)), `${root} is kept`);
    t.equal(await acceptd.stop(), 0);
  },
);
