// php-fpm takes the sockets that its variable names: of IPv4, of IPv6 and a unix one.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { InternetAddress, UnixAddress } from '../../src/model/address.ts';
import { plainDaemon } from '../../src/model/daemon.ts';
import { daemonRequest } from '../../src/serve/daemon-surroundings.ts';
import { findHost } from '../../src/serve/host.ts';
import { listenAt, loopback, openEngine, readable, unixAt } from '../support/engine.ts';
import { resolved } from '../support/services.ts';

const program = readdirSync('/usr/sbin').find((name) => /^php-fpm\d/.test(name));

t.test(
  'all three are taken over',
  {
    skip:
      program === undefined ? 'there is no php-fpm' : process.getuid?.() === 0 ? false : 'it asks for root',
  },
  async (t) => {
    const { kernel, ended } = openEngine(t);
    const place = mkdtempSync(join(tmpdir(), 'acceptd-php-'));
    t.teardown(() => rmSync(place, { recursive: true, force: true }));
    mkdirSync(join(place, 'run'));
    const open = <Address extends InternetAddress | UnixAddress>(address: Address) => {
      const descriptor = kernel.raise(listenAt(kernel, address));
      // php-fpm's workers wait in accept(2)
      kernel.setBlocking(descriptor, true);
      return { descriptor, address: { ...address, port: kernel.portOf(descriptor) } };
    };
    const [four, six] = [open(loopback(4)), open(loopback(6))];
    const path = join(place, 'run', 'socket');
    const unix = { descriptor: kernel.raise(listenAt(kernel, unixAt(path))), address: unixAt(path) };
    const listens = [`127.0.0.1:${four.address.port}`, `[::1]:${six.address.port}`, path];
    const pools = listens.map(
      (listen, index) =>
        `[pool${index}]\nlisten = ${listen}\nuser = nobody\ngroup = nogroup\npm = ondemand\npm.max_children = 1\n`,
    );
    writeFileSync(
      join(place, 'fpm.conf'),
      `[global]\ndaemonize = no\nerror_log = ${place}/log\npid = ${place}/pid\n${pools.join('')}`,
    );
    const { ours, theirs } = kernel.openLogPair();
    const plain = resolved('php', [], {
      mode: 'whole-socket',
      answer: {
        kind: 'program',
        file: `/usr/sbin/${program}`,
        arguments: ['php-fpm', '-O', '-y', join(place, 'fpm.conf')],
      },
      daemon: { ...plainDaemon, activation: 'php-fpm' },
    });
    const streams = {
      stdin: 'null',
      stdout: 'log',
      stderr: 'log',
      hasFd3: false,
      hasAddressVariables: false,
    } as const;
    const service = { ...plain, surroundings: { ...plain.surroundings, ...streams } };
    const host = findHost({ environment: {}, descriptorLimit: kernel.descriptorLimit });
    const extra = { notifySocket: undefined, watchdog: undefined };
    const request = daemonRequest(service, [four, six, unix], [], extra, host, theirs);
    const pid = kernel.spawn(kernel.compileRecipe(request), kernel.standardError, undefined, 'keep');
    kernel.close(theirs);
    const buffer = Buffer.alloc(65536);
    let text = '';
    // to its first word as a server, or to its last
    while (!text.includes('ready to handle connections')) {
      await readable(kernel, ours);
      const got = kernel.receiveLog(ours, buffer);
      if (got?.length === 0) break;
      text += buffer.toString('utf8', 0, got?.length ?? 0);
    }
    t.match(text, /ready to handle connections/);
    t.equal(text.match(/using inherited socket/g)?.length, 3);
    kernel.kill(pid, 'SIGTERM');
    await ended(pid);
    for (const each of [four.descriptor, six.descriptor, unix.descriptor, ours]) kernel.close(each);
  },
);
