// Clients whom acceptd answers itself, or has not answered yet, across an upgrade: they hear everything once.

import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createConnection, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import t from 'tap';
import { inOwnMounts } from '../conformance/xinetd-stage.ts';
import { startAcceptd } from '../support/acceptd.ts';
import { connect, exchange } from '../support/client.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { me, readSome, readToEnd } from './scene.ts';
import { isFollowing, mustUpgrade } from './upgrade-scene.ts';

t.setTimeout(240_000);

const lineLength = 74;
const first = 0x20;
const characters = 95;

/** Reads lines of chargen, this many, and says which one is not what it should be. */
const readLines = async (socket: Socket, count: number, from: number): Promise<string | undefined> => {
  for (let index = from; index < from + count; index++) {
    let line: Buffer | null = socket.read(lineLength);
    while (line === null) {
      if (socket.readableEnded || socket.destroyed) return `the end before line ${index}`;
      await Promise.race([once(socket, 'readable'), once(socket, 'close')]);
      line = socket.read(lineLength);
    }
    const begins = first + (index % characters);
    if (line[0] !== begins || line[lineLength - 1] !== 0x0a)
      return `line ${index} is ${line.toString('latin1')}`;
  }
  return undefined;
};

t.test('built-ins go on in the middle of what they say and hear', async (t) => {
  const [chargen = 0, ident = 0, mux = 0, daytime = 0, datagrams = 0] = await freePorts(5);
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${chargen} stream tcp nowait ${me} internal chargen
127.0.0.1:${ident} stream tcp nowait ${me} internal ident
127.0.0.1:${mux} stream tcp nowait ${me} internal tcpmux
127.0.0.1:${daytime} stream tcp nowait ${me} internal daytime
127.0.0.1:${datagrams} dgram udp wait ${me} internal echo
tcpmux/cat stream tcp nowait ${me} /bin/cat cat
tcpmux/+cat2 stream tcp nowait ${me} /bin/cat cat
`,
  });
  const reader = await connect(chargen);
  let lines = 0;
  let isOver = false;
  const reading = (async (): Promise<string | undefined> => {
    while (!isOver) {
      const wrong = await readLines(reader, 95, lines);
      if (wrong !== undefined) return wrong;
      lines += 95;
      await new Promise((resolve) => setImmediate(resolve));
    }
    return undefined;
  })();

  const asking = await connect(ident);
  asking.write('1 , 2\r\n3 ,');
  t.match(await readSome(asking), /^1 , 2 : ERROR : HIDDEN-USER\r\n$/);
  const [half, carriage, early] = [await connect(mux), await connect(mux), await connect(mux)];
  early.write('CA');
  half.write('ca');
  carriage.write('cat2');
  const sending = createSocket('udp4').bind();
  await once(sending, 'listening');
  const heard: string[] = [];
  sending.on('message', (text) => void heard.push(String(text)));
  const say = (text: string): void => sending.send(text, datagrams, '127.0.0.1');
  say('0');
  await once(sending, 'message');
  const sayingOn = setInterval(() => say(String(heard.length)), 20);

  const from = acceptd.records.length;
  acceptd.signal('SIGUSR2');
  await acceptd.waitFor(({ event }) => event === 'upgrading', 'the first upgrade', from);
  while (!isFollowing(acceptd)) await new Promise((resolve) => setImmediate(resolve));
  early.write('T\r\nsaid meanwhile');
  await acceptd.waitFor(({ event }) => event === 'upgraded', 'its end', from);
  t.equal(await readSome(early), 'said meanwhile');
  early.destroy();
  await mustUpgrade(t, acceptd, 'round 2');

  asking.write(' 4\r\n');
  t.equal(await readSome(asking), '3 , 4 : ERROR : HIDDEN-USER\r\n');
  asking.destroy();
  half.write('t\r\nsaid');
  t.equal(await readSome(half), 'said');
  carriage.write('\r\nand more');
  let greeted = '';
  while (greeted.length < '+Go\r\nand more'.length) greeted += await readSome(carriage);
  t.equal(greeted, '+Go\r\nand more', 'it is greeted once');
  for (const each of [half, carriage]) {
    each.end();
    t.equal(await readToEnd(each), '');
  }
  const far = heard.length;
  while (heard.length < far + 5) await once(sending, 'message');
  clearInterval(sayingOn);
  sending.close();
  t.match(await exchange(daytime, ''), /\d{4}\r\n$/);
  const before = lines;
  while (lines < before + 950) await new Promise((resolve) => setImmediate(resolve));
  isOver = true;
  t.equal(await reading, undefined, `${lines} lines of the pattern, one after the other`);
  reader.destroy();
  t.equal(await acceptd.stop(), 0);
});

const isRoot = process.getuid?.() === 0;
const needsRoot = { skip: isRoot ? false : 'needs root' } as const;

t.test('who is asked about is asked about again, and keeps his place', needsRoot, async (t) => {
  const [wrapped = 0, named = 0] = await freePorts(2);
  // a machine of its own, where somebody knows its users
  const machine = '127.9.113.7';
  const questions: string[] = [];
  const held: Socket[] = [];
  const server = createServer((socket) => {
    held.push(socket.on('error', () => undefined));
    socket.on('data', (line) => void questions.push(String(line).trim()));
  });
  server.listen(113, machine);
  await once(server, 'listening');
  t.teardown(() => void server.close());
  const directory = t.testdir({ allow: '', deny: '' });
  const script = join(directory, 'decide');
  writeFileSync(
    script,
    `#!/bin/sh\necho asked >>${directory}/asked\nuntil [ -e ${directory}/known ]; do sleep 0.05; done\n`,
    { mode: 0o755 },
  );
  writeFileSync(join(directory, 'allow'), `wrapped: ALL: aclexec ${script}\n`);
  const timesAsked = (): number => {
    const file = join(directory, 'asked');
    return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
  };
  const acceptd = await startAcceptd(t, {
    config: `wrapped on bind = 127.0.0.1, port = ${wrapped}, user = ${me}, exec = /bin/cat, libwrap = wrapped;
named on bind = 127.0.0.1, port = ${named}, user = ${me}, exec = /bin/cat, instances = 1, on_limit = refuse, ident = required;
`,
    under: inOwnMounts(
      '[ -e /etc/hosts.allow ] || : >/etc/hosts.allow; [ -e /etc/hosts.deny ] || : >/etc/hosts.deny',
      `mount --bind ${directory}/allow /etc/hosts.allow`,
      `mount --bind ${directory}/deny /etc/hosts.deny`,
    ),
  });
  const known = createConnection({ port: named, host: '127.0.0.1', localAddress: machine });
  await once(known, 'connect');
  while (questions.length === 0) await new Promise((resolve) => setTimeout(resolve, 10));
  const from = acceptd.records.length;
  acceptd.signal('SIGUSR2');
  const client = await connect(wrapped);
  client.write('may I?');
  await acceptd.waitFor(({ event }) => event === 'upgraded', 'the upgrade', from);
  // its command may have ten seconds, which is not much on a busy machine
  const isOver = acceptd.records.some(({ event }) => event === 'refused');
  if (!isOver) {
    while (timesAsked() < 1) await new Promise((resolve) => setTimeout(resolve, 10));
    writeFileSync(join(directory, 'known'), '');
    t.equal(await readSome(client), 'may I?');
    t.ok(timesAsked() <= 2, 'once by each version');
  }
  client.destroy();

  t.equal(await exchange(named, ''), '', 'the only place is taken');
  while (questions.length === 1) await new Promise((resolve) => setTimeout(resolve, 10));
  t.equal(questions[1], questions[0]);
  held.at(-1)?.write(`${questions[1]} : USERID : UNIX : somebody\r\n`);
  known.write('it is me');
  t.equal(await readSome(known), 'it is me');
  known.destroy();
  for (const each of held) each.destroy();
  t.equal(await acceptd.stop(), 0);
});

t.test('a banner that is half said is said to its end, once', async (t) => {
  const [always, success] = [await freePort(), await freePort()];
  const text = Array.from({ length: 400_000 }, (_, line) => `line ${line}\n`).join('');
  const acceptd = await startAcceptd(t, {
    config: `127.0.0.1:${await freePort()} stream tcp nowait ${me} internal daytime\n`,
  });
  const file = join(acceptd.directory, 'banner');
  writeFileSync(file, text);
  const service = (name: string, port: number, key: string): string =>
    `${name} on bind = 127.0.0.1, port = ${port}, user = ${me}, exec = /bin/cat, instances = 1, on_limit = refuse, ${key} = ${file};\n`;
  await acceptd.reload(service('a', always, 'banner') + service('b', success, 'banner_success'));
  for (const port of [always, success]) {
    const client = await connect(port);
    client.pause();
    await once(client, 'readable');
    await mustUpgrade(t, acceptd);
    client.write('and after it\n');
    let heard = '';
    client.setEncoding('latin1').on('data', (part: string) => {
      heard += part;
      if (heard.length >= text.length + 'and after it\n'.length) client.end();
    });
    await once(client, 'end');
    t.equal(heard.length, text.length + 'and after it\n'.length);
    t.ok(heard === `${text}and after it\n`, 'every line of it once, and then the answer');
  }
  t.equal(await acceptd.stop(), 0);
});
