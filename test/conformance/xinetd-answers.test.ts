// Cases about who answers: redirect, datagrams, servers that take the socket, ident, families, banners.
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { connect, exchangeDatagram } from '../support/client.ts';
import { mustRun } from '../support/command.ts';
import { callFrom, knock, refused, turnedAway } from '../support/knock.ts';
import { freePort, freePorts } from '../support/ports.ts';
import { complaints, needsRoot, ownHost, recordsOf } from './stage.ts';
import { createDesk, handlers, served, service, serviceNamed, seven, startWith } from './xinetd-stage.ts';

const listen = async (
  t: Test,
  port: number,
  host: string,
  take: (socket: Socket) => void,
): Promise<Server> => {
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => undefined);
    take(socket);
  });
  server.listen(port, host);
  await once(server, 'listening');
  t.teardown(() => server.close());
  return server;
};

/** Answers in capitals when it has read everything. */
const capitals = (socket: Socket): void => {
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (part: string) => {
    text += part;
  });
  socket.on('end', () => socket.end(text.toUpperCase()));
};

t.test('44: a redirect keeps half-closed connections: who has said all still gets the answer', async (t) => {
  const [front = 0, back = 0] = await freePorts(2);
  await listen(t, back, '127.0.0.1', capitals);
  await startWith(t, service(front, `redirect = 127.0.0.1 ${back}`));
  t.equal(await knock('127.0.0.1', front, undefined, 'hello'), 'said: HELLO');
});

t.test('45: TRAFFIC counts what a redirect has moved, and harms no other service', async (t) => {
  const desk = createDesk(t);
  const [front = 0, back = 0, plain = 0] = await freePorts(3);
  await listen(t, back, '127.0.0.1', capitals);
  const acceptd = await startWith(
    t,
    [
      desk.defaults('log_on_success += TRAFFIC'),
      serviceNamed('u', front, `redirect = 127.0.0.1 ${back}`),
      serviceNamed('plain', plain),
    ].join(''),
  );
  t.equal(await knock('127.0.0.1', front, undefined, 'hello'), 'said: HELLO');
  await desk.untilEntries((all) => all.includes('TRAFFIC: u in=5(bytes) out=5(bytes)'));
  t.equal(await knock('127.0.0.1', plain), served);
  t.same(complaints(acceptd, 'error'), []);
});

t.test('47: datagrams with wait = no are refused at load', async (t) => {
  const [bad = 0, good = 0] = await freePorts(2);
  const acceptd = await startWith(
    t,
    service(bad, 'socket_type = dgram', 'protocol = udp') + serviceNamed('c', good),
  );
  t.match(complaints(acceptd, 'error'), [/wait/]);
  t.equal(await knock('127.0.0.1', good), served);
});

t.test(
  '48: a server that accepts itself works; only_from holds for it too, or is refused at load',
  async (t) => {
    const desk = createDesk(t);
    const [open = 0, closed = 0] = await freePorts(2);
    const taking = ['wait = yes', `server = ${handlers}/answer-one`];
    const acceptd = await startWith(
      t,
      [
        desk.defaults(),
        serviceNamed('open', open, ...taking),
        serviceNamed('closed', closed, ...taking, `only_from = ${seven}`),
      ].join(''),
    );
    t.equal(await knock('127.0.0.1', open), 'said: blocking\n');
    t.equal(await knock('127.0.0.1', open), 'said: blocking\n', 'and again');
    const entries = await desk.untilEntries(
      (all) => all.filter((each) => each.startsWith('EXIT: open')).length >= 2,
    );
    t.match(
      entries.find((each) => each.startsWith('START: open')),
      /from=<no address>$/,
    );
    const isOff = complaints(acceptd, 'error').length > 0;
    if (isOff) {
      t.equal(await knock(seven, closed), refused);
    } else {
      t.equal(await knock(seven, closed), 'said: blocking\n', 'who is listed is served');
      const kept = callFrom('127.0.0.1', closed);
      t.equal(await knock(seven, closed), 'said: blocking\n', 'others are in nobody’s way');
      kept.socket.destroy();
      const heard = await kept.until(() => false);
      t.equal(heard.text, '', 'and are not served');
    }
  },
);

/** Answers as RFC 1413 says, or does not. */
const answerIdent =
  (answer: string | undefined) =>
  (socket: Socket): void => {
    socket.setEncoding('latin1');
    socket.once('data', (asked: string) => {
      if (answer !== undefined) socket.end(`${asked.trim()} : USERID : ${answer}\r\n`);
    });
  };

t.test(
  '56: a client whose machine is asked for its user is served meanwhile, and the answer is logged',
  needsRoot,
  async (t) => {
    const desk = createDesk(t);
    const port = await freePort();
    const acceptd = await startWith(
      t,
      desk.defaults('log_on_success += USERID') +
        service(port, `server = ${handlers}/behave`, 'server_args = write served'),
    );
    t.equal(await knock(ownHost, port), served, 'nobody answers there');
    await acceptd.waitFor(({ event }) => event === 'unidentified', 'the answer that there is none');
    const server = await listen(t, 113, ownHost, answerIdent('UNIX : alice'));
    t.equal(await knock(ownHost, port), served);
    await desk.untilEntries((all) => all.includes('USERID: b UNIX : alice'));
    const closed = once(server, 'close');
    server.close();
    await closed;
    const silent: Socket[] = [];
    await listen(t, 113, ownHost, (socket) => silent.push(socket));
    t.equal(await knock(ownHost, port), served, 'a silent identd keeps nobody waiting');
    t.equal(desk.entries().filter((each) => each.startsWith('USERID')).length, 1);
    await acceptd.waitFor(() => recordsOf(acceptd, 'exited').length === 3, 'the end of all three');
    for (const socket of silent) socket.destroy();
  },
);

t.test('56: with IDONLY who has no identd is turned away, and that is told once', needsRoot, async (t) => {
  const desk = createDesk(t);
  const port = await freePort();
  const acceptd = await startWith(
    t,
    desk.defaults('log_on_success += USERID', 'log_on_failure += USERID') +
      service(port, 'flags = IDONLY', `server = ${handlers}/behave`, 'server_args = write served'),
  );
  // what the first two might leave behind is told by the time of the third
  for (let count = 0; count < 3; count += 1) t.equal(await knock(ownHost, port), turnedAway);
  await acceptd.stop();
  const line = `NOID: b ${ownHost} no server`;
  t.same(desk.entries(), [line, line, line]);
});

t.test('a banner that cannot be read is told in words, and is no reason to wait', async (t) => {
  const desk = createDesk(t);
  const [none = 0, endless = 0, empty = 0] = await freePorts(3);
  const pipe = join(desk.directory, 'pipe');
  await mustRun('mkfifo', [pipe]);
  const acceptd = await startWith(
    t,
    serviceNamed('none', none, `banner = ${desk.directory}/none`) +
      serviceNamed('endless', endless, `banner_success = ${pipe}`) +
      serviceNamed('empty', empty, 'banner = /dev/null'),
  );
  for (const port of [none, endless, empty]) t.equal(await knock('127.0.0.1', port), served);
  await acceptd.stop();
  t.same(
    new Set(recordsOf(acceptd, 'impaired').map(({ fields }) => fields['msg'])),
    new Set([
      `none: cannot read the banner ${desk.directory}/none: no such file or directory`,
      `endless: cannot read the banner ${pipe}: it is not a regular file`,
    ]),
  );
});

t.test('57: v6only = no is dual-stack, yes is IPv6 alone, in defaults too', async (t) => {
  const [no = 0, yes = 0, inherited = 0] = await freePorts(3);
  const first = await startWith(
    t,
    serviceNamed('n', no, 'v6only = no') + serviceNamed('y', yes, 'v6only = yes'),
  );
  t.equal(await knock('127.0.0.1', no), served);
  t.equal(await knock('::1', no), served);
  t.equal(await knock('127.0.0.1', yes), refused);
  t.equal(await knock('::1', yes), served);
  await first.stop();
  await startWith(t, `defaults\n{\nv6only = yes\n}\n${service(inherited)}`);
  t.equal(await knock('127.0.0.1', inherited), refused);
  t.equal(await knock('::1', inherited), served);
});

t.test('59: a banner of 30 MB for a client that does not read keeps nobody else waiting', async (t) => {
  const directory = createDesk(t).directory;
  const banner = join(directory, 'banner');
  writeFileSync(banner, Buffer.alloc(30 << 20, 'x'));
  const [long = 0, brief = 0, failing = 0] = await freePorts(3);
  await startWith(
    t,
    [
      serviceNamed('long', long, `banner = ${banner}`),
      serviceNamed('failing', failing, `banner_fail = ${banner}`, 'only_from ='),
      serviceNamed('brief', brief),
    ].join(''),
  );
  const idle = [await connect(long), await connect(failing)];
  for (const socket of idle) socket.pause();
  t.equal(await knock('127.0.0.1', brief), served);
  t.equal(await knock('127.0.0.1', brief), served);
  for (const socket of idle) socket.destroy();
  const whole = await knock('127.0.0.1', long);
  t.equal(whole.length, 'said: '.length + (30 << 20) + 'served'.length, 'who reads gets all of it');
});

t.test('a datagram server takes the socket and answers datagram by datagram', async (t) => {
  const port = await freePort();
  await startWith(
    t,
    service(port, 'socket_type = dgram', 'protocol = udp', 'wait = yes', `server = ${handlers}/answer-one`),
  );
  for (const word of ['one', 'two'])
    t.equal((await exchangeDatagram(port, () => Buffer.from(word))).toString(), word);
  t.equal(await knock('127.0.0.1', port), refused, 'there is no TCP');
  t.not(await knock('127.0.0.1', port), turnedAway);
});
